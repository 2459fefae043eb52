import type { StudyCost } from "../study/cost/cost.ts";
import { gigabytes, hoursText } from "../study/cost/limit.ts";

const number = new Intl.NumberFormat("en-US");

/** What a run would make and take, as a person reads it. */
export function costLines(cost: StudyCost): string[] {
  const { seconds, measured, threads, bytes, free } = cost;
  const most = cost.atMost ? " at most" : "";
  const time = (s: number) => hoursText(s / 3600);
  const rows: [string, string][] = [
    ["cells", `${number.format(cost.cells)} of ${number.format(cost.classes)} classes`],
    ["composites", `${number.format(cost.composites)}${most}`],
    ...cost.encodings.map(({ encoder, crops }): [string, string] => [
      `  ${encoder}`,
      `${number.format(crops)} crops`,
    ]),
    ["fits of pairs", `${number.format(cost.fits)}${most} (pairs x folds x blocks x encoders)`],
    ["probes", `${number.format(cost.probes)}${most} of all classes`],
    [
      "time",
      `about ${hoursText(cost.hours)} on ${threads} free ${threads === 1 ? "core" : "cores"}: encode ${time(seconds.encode)}, pairs ${time(seconds.pairs)}, probes ${time(seconds.probes)}, results ${time(seconds.results)}`,
    ],
    [
      "measured on",
      `${measured.composites} composites, ${measured.crops} crops, ${measured.fits} fits, ${measured.probes} probes: an estimate`,
    ],
    ["disk", `${gigabytes(bytes)}${free === null ? "" : `, ${gigabytes(free)} free`}`],
    ["memory", `${gigabytes(cost.memory)} at most, ${gigabytes(cost.machineMemory)} may be used here`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}
