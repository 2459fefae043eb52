import { points } from "../core/format.ts";
import type { Stated } from "./statements.ts";

export const BADGES = ["cell", "medium", "neighbors", "undecided"] as const;

/** What an encoder looks at, as far as the study shows. */
export type Badge = (typeof BADGES)[number];

/** The answer for one encoder: a badge, one sentence that names each part, and what must be known with it. */
export interface Answer {
  readonly encoder: string;
  readonly badge: Badge;
  readonly sentence: string;
  readonly caveats: readonly string[];
  /** The published drop, for comparison with the paper; null where `same` and `different` were not both run. */
  readonly published: string | null;
}

export interface AnswerRequest {
  readonly encoder: string;
  readonly stated: readonly Stated[];
  /** Half width of the equivalence zone, as a share: effects within it count as none. */
  readonly zone: number;
  /** Why nothing can be decided whatever the numbers are; null for nothing of the kind. */
  readonly undecided: string | null;
  /** What holds for every statement of the study, one sentence each. */
  readonly notes: readonly string[];
}

type Range = Pick<Stated, "low" | "high">;

/** Where an interval lies in relation to the zone. */
type Place = "none" | "loss" | "gain" | "open" | "unknown";

function place(e: Range | undefined, zone: number): Place {
  if (e === undefined || e.low === null || e.high === null) return "unknown";
  if (e.low > zone) return "loss";
  if (e.high < -zone) return "gain";
  return e.low >= -zone && e.high <= zone ? "none" : "open";
}

/** The badge that neighbor and medium effect give, as {@link answer} says. @param zone half width, a share */
export function badgeOf(neighbor: Range | undefined, medium: Range | undefined, zone: number): Badge {
  const [n, m] = [place(neighbor, zone), place(medium, zone)];
  if (n === "loss") return "neighbors";
  if (m === "loss" && (n === "none" || n === "open")) return "medium";
  return n === "none" && m === "none" ? "cell" : "undecided";
}

/**
 * Badge and sentence. `neighbors`: the interval of the neighbor effect lies above the zone. `medium`: that of the
 * medium effect does, and that of the neighbor effect within it or across its limit. `cell`: both lie within. Anything else is undecided,
 * as is everything where the encoder does not tell the classes apart. (Schuirmann 1987: an effect counts as none when
 * its interval lies within the zone, not when it includes zero.)
 */
export function answer(request: AnswerRequest): Answer {
  const { encoder, stated, zone, undecided, notes } = request;
  const of = (id: string) => stated.find((s) => s.statement === id);
  const published = publishedDrop(of("published-drop"), of("same"), of("different"));
  const rest = { encoder, caveats: [...caveats(of, zone), ...notes], published };
  if (undecided !== null)
    return { ...rest, badge: "undecided", sentence: `${encoder}: undecided: ${undecided}.` };
  const badge = badgeOf(of("neighbor"), of("medium"), zone);
  return { ...rest, badge, sentence: `${headline(badge, encoder, of, zone)} ${parts(of)}`.trim() };
}

const one = (n: number, unit: string) => `${n} ${unit}${n === 1 ? "" : "s"}`;

/** `9.9 points [9.1, 10.8]`, or without interval. */
function number(e: Stated): string {
  const value = `${points(e.estimate)} points`;
  return e.low === null || e.high === null
    ? `${value} (no interval)`
    : `${value} [${points(e.low)}, ${points(e.high)}]`;
}

function headline(
  badge: Badge,
  encoder: string,
  of: (id: string) => Stated | undefined,
  zone: number,
): string {
  const limit = `${points(zone)} points`;
  switch (badge) {
    case "neighbors":
      return `${encoder} looks at the neighbors: foreign neighbors alone cost it more than ${limit}.`;
    case "medium":
      return `${encoder} looks at what is around the cell: another image's medium in its place costs it more than ${limit}; ${neighborsToo(of("neighbor"), zone)}.`;
    case "cell":
      return `${encoder} looks at the cell: neither foreign neighbors nor another image's medium change its accuracy by more than ${limit}.`;
    default:
      return `${encoder}: undecided: ${open(of, zone)}.`;
  }
}

/** What is known of the neighbors where the medium is what decides. */
function neighborsToo(neighbor: Stated | undefined, zone: number): string {
  const limit = `${points(zone)} points`;
  if (place(neighbor, zone) === "none") return "foreign neighbors change no more than that";
  return (neighbor?.low ?? 0) > 0
    ? `foreign neighbors cost something as well, but whether more or less than ${limit} these data do not settle`
    : `whether foreign neighbors cost more than ${limit} as well these data do not settle`;
}

/** Why the numbers do not decide. */
function open(of: (id: string) => Stated | undefined, zone: number): string {
  const [neighbor, medium] = [of("neighbor"), of("medium")];
  if (neighbor === undefined)
    return "the neighbor effect was not measured, which takes the settings cell-free and different and three classes or more";
  if (neighbor.low === null || neighbor.high === null)
    return `the neighbor effect has no interval (${neighbor.refused ?? "unknown"})`;
  const limit = `${points(zone)} points`;
  const n = place(neighbor, zone);
  if (n === "gain")
    return `accuracy is higher with foreign neighbors than with their medium alone, by more than ${limit}; look at the composites before believing it`;
  if (n === "open")
    return neighbor.low > 0
      ? `foreign neighbors cost something, but whether more or less than ${limit} these data do not settle`
      : `the neighbor effect may be more or less than ${limit}`;
  if (medium === undefined)
    return "the medium effect was not measured, which takes the settings self and cell-free";
  if (medium.low === null || medium.high === null)
    return `the medium effect has no interval (${medium.refused ?? "unknown"})`;
  return place(medium, zone) === "gain"
    ? `accuracy is higher on another image's medium than on the own, by more than ${limit}; look at the composites before believing it`
    : `foreign neighbors change less than ${limit}, but the medium effect may be more or less than that`;
}

/** Of x points lost on a foreign background, which part comes with what; and what the numbers rest on. */
function parts(of: (id: string) => Stated | undefined): string {
  const [total, medium, neighbor, paste] = ["total", "medium", "neighbor", "paste"].map(of);
  const known = total ?? neighbor;
  if (known === undefined) return "";
  const size = `${one(known.cells, "cell")} per class, ${one(known.clusters, known.unit)} per class, ${one(known.groups, "group")}${drawn(known)}`;
  if (total === undefined || medium === undefined || neighbor === undefined || paste === undefined)
    return neighbor === undefined ? "" : `Neighbor effect ${number(neighbor)} (${size}).`;
  const split = `${number(medium)} come with its medium and ${number(neighbor)} with its neighbors; pasting costs ${number(paste)} (${size}).`;
  return total.estimate > 0
    ? `Of ${number(total)} lost on a foreign background, ${split}`
    : `On a foreign background nothing is lost on balance (original − different ${number(total)}): ${split}`;
}

const whole = new Intl.NumberFormat("en-US");

/** Of how many pairs of classes a number is, and what their choice leaves open; nothing where all were judged. */
function drawn({ sampled, low }: Stated): string {
  if (sampled === undefined) return "";
  const { pairs, of, se } = sampled;
  const error =
    se === null
      ? "which does not tell how far they stand for all"
      : `standard error of the draw ${points(se)} points${low === null ? "" : ", which the interval holds"}`;
  return `; ${whole.format(pairs)} of ${whole.format(of)} pairs of classes drawn, ${error}`;
}

function publishedDrop(drop: Stated | undefined, same?: Stated, different?: Stated): string | null {
  if (drop === undefined || same === undefined || different === undefined) return null;
  return `Published drop (same − different): ${number(drop)}, from ${same.estimate.toFixed(3)} to ${different.estimate.toFixed(3)}. It also counts what neighbors of the own class give away and what another image's medium costs.`;
}

/** What must be known to read the sentence rightly. */
function caveats(of: (id: string) => Stated | undefined, zone: number): string[] {
  const list: string[] = [];
  const paste = of("paste");
  const kind = place(paste, zone);
  if (paste === undefined)
    list.push("No placebo was run (setting self), so what pasting alone costs is not known.");
  else if (kind === "loss" || kind === "gain")
    list.push(
      kind === "loss"
        ? `Pasting alone costs ${number(paste)}: the composites differ from real crops in a way that this encoder sees.`
        : `Pasting alone raises accuracy (original − self ${number(paste)}): the composites carry something that helps the probe.`,
    );
  const only = of("background-only");
  if (only !== undefined && only.low !== null && only.low > 0.5)
    list.push(
      `Shown the surroundings alone, probes are right on ${(100 * only.estimate).toFixed(1)} % of pairs [${(100 * only.low).toFixed(1)}, ${(100 * (only.high ?? 1)).toFixed(1)}]: what is around the cell tells its class.`,
    );
  return list;
}
