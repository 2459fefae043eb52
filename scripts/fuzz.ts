/**
 * Reads changed inputs through every entry of the product and tells what broke.
 * npm run fuzz -- [--reader NAME] [--seconds N | --count N] [--seed S] [--first N] [--out DIR] [--workers N]
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { READERS } from "./fuzz/readers.ts";
import { formatTallies, fuzz } from "./fuzz/run.ts";

const { values } = parseArgs({
  options: {
    reader: { type: "string", multiple: true },
    seconds: { type: "string" },
    count: { type: "string" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    out: { type: "string" },
    workers: { type: "string", default: String(Math.min(4, availableParallelism())) },
  },
});
const names = values.reader?.flatMap((name) => name.split(","));
const readers = READERS.filter((r) => names === undefined || names.includes(r.name));
if (readers.length === 0 || (names !== undefined && readers.length < names.length))
  throw new RangeError(`readers are ${READERS.map((r) => r.name).join(", ")}`);
const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
const count = values.count === undefined ? undefined : Number(values.count);
const { tallies, faults } = await fuzz({
  readers,
  seed: Number(values.seed),
  first: Number(values.first),
  ...(seconds === undefined ? { count: count ?? 1000 } : { seconds }),
  ...(seconds !== undefined && count !== undefined ? { count } : {}),
  workers: Number(values.workers),
  ...(values.out === undefined ? {} : { out: values.out }),
  onFault: ({ reader, verdict, detail, again }) =>
    console.log(`${reader}: ${verdict}: ${detail}\n  ${again}`),
});
console.log(formatTallies(tallies));
process.exitCode = faults.length > 0 ? 1 : 0;
