/**
 * What is stated of remedies in simulated studies: an encoder whose features are sums of known parts, shown each cell as
 * the remedies show it. The truth is what the study's own machines do on another study, new in everything.
 */
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { mean, standardDeviation } from "../../src/core/statistics.ts";
import { type Estimate, estimate } from "../../src/evidence/estimate.ts";
import {
  difference,
  hitsByPartner,
  type JudgedBlock,
  type Judgments,
  type Term,
} from "../../src/evidence/judgments.ts";
import { remedyEvidence } from "../../src/evidence/remedies.ts";
import { drawDonors } from "../../src/remedy/recompose.ts";
import type { Setting } from "../../src/settings.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { backgroundOf, settingOf } from "../../src/swap/runs.ts";
import { type Design, type Draw, draw, gaussian, makeWorld, type World } from "./model.ts";
import { discriminant, groupStats } from "./study.ts";

const SHOWN = ["original", "self", "cell-free", "different"] as const satisfies readonly Setting[];
const DONORS = 4;
/** Share of the own signal that an encoder at dose 1 loses to the neighbors it sees; as the model has it. */
const DILUTION = 0.3;

/** How the encoder is shown a cell; `none`: the composite as it is. */
export const REMEDIES = ["none", "recompose", "clear", "masked"] as const;
export type Shown = (typeof REMEDIES)[number];

interface Block extends Omit<JudgedBlock, "right"> {
  /** By remedy and class: rows x dimension; undefined where the block lacks the class. */
  readonly features: Readonly<Record<Shown, (Float64Array | undefined)[]>>;
}

/** Draws a study and the features of its composites, as they are and remedied. */
function drawRemedied(world: World, replicate: number): Block[] {
  const { design, groups, classOf, rows, field } = world;
  const seed = namedSeed(replicate, "remedies", design.name);
  const random = mulberry32(namedSeed(seed, "features"));
  const drawn = draw(world, random);
  const normal = gaussian(random);
  const classes = rows.map((_, c) => `class${c}`);
  const usable = new Uint8Array(classOf.length).fill(1);
  const lenders = { classes, classOf, field, usable, group: groups.group };
  const plan = makePlan({ ...lenders, protein: null, settings: SHOWN, sameDonor: "any", seed });
  const donors = drawDonors(lenders, DONORS, seed);
  const position = new Int32Array(classOf.length);
  for (const list of rows)
    list.forEach((row, i) => {
      position[row] = i;
    });
  const blocks = new Map<string, Block>();
  for (let r = 0; r < plan.count; r++) {
    const setting = settingOf(plan, r);
    const background = backgroundOf(plan, r);
    const key = `${setting} ${background}`;
    let block = blocks.get(key);
    if (block === undefined) {
      const features = Object.fromEntries(REMEDIES.map((name) => [name, []])) as unknown as Block["features"];
      blocks.set(key, (block = { setting, background, donor: rows.map(() => null), features }));
    }
    const cell = plan.cell[r];
    const own = classOf[cell];
    if (own === background) continue;
    const lent = background >= 0;
    const donor = lent ? plan.donor[r] : cell;
    if (lent)
      ((block.donor as (Int32Array | null)[])[own] ??= new Int32Array(rows[own].length))[position[cell]] =
        groups.cluster[donor];
    for (const name of REMEDIES) {
      const of = (block.features[name][own] ??= new Float64Array(rows[own].length * design.dimension));
      const at = position[cell] * design.dimension;
      see(world, drawn, {
        name,
        setting,
        cell,
        donor,
        onto: donors.map((d) => d[cell]),
        normal,
        out: of.subarray(at, at + design.dimension),
      });
    }
  }
  return [...blocks.values()];
}

/** Features of one composite as a remedy shows it: what each part of the model leaves. */
function see(
  { design: { dimension: d, paste, lambda } }: World,
  drawn: Draw,
  {
    name,
    setting,
    cell,
    donor,
    onto,
    normal,
    out,
  }: {
    readonly name: Shown;
    readonly setting: Setting;
    readonly cell: number;
    readonly donor: number;
    readonly onto: readonly number[];
    readonly normal: () => number;
    readonly out: Float64Array;
  },
): void {
  // Neighbors that are seen take part of the own signal, and so do textures alike at dose 0.
  const share = name === "none" && setting !== "cell-free" ? 1 - DILUTION * lambda : 1;
  const pasted = setting === "original" ? 0 : paste;
  for (let j = 0; j < d; j++) {
    out[j] = share * drawn.cell[cell * d + j] + pasted * normal();
    const at = donor * d + j;
    if (name === "none")
      out[j] += drawn.medium[at] + (setting === "cell-free" ? drawn.filled : drawn.neighbors)[at];
    else if (name === "clear") out[j] += drawn.medium[at] + drawn.filled[at] + paste * normal();
    else if (name === "masked") out[j] += paste * normal();
    else
      for (const other of onto)
        out[j] +=
          (drawn.medium[other * d + j] + drawn.filled[other * d + j] + paste * normal()) / onto.length;
  }
}

/** Judgments of a study by machines of its other groups, and how often these are right in another study. */
function judge(
  world: World,
  study: readonly Block[],
  fresh: readonly Block[],
  name: Shown,
): { readonly judgments: Judgments; readonly truth: ReadonlyMap<Setting, number> } {
  const { rows, groups, design } = world;
  const { dimension: d } = design;
  const group = rows.map((list) => list.map((row) => groups.group[row]));
  const found = new Map<Setting, number[]>();
  const blocks = study.map(({ setting, background, donor, features }, b): JudgedBlock => {
    const own = features[name];
    const other = fresh[b].features[name];
    const stats = own.map((x, c) =>
      x === undefined ? undefined : groupStats(x, group[c], groups.count, d, undefined),
    );
    const right: (Uint8Array | null)[][] = rows.map(() => rows.map(() => null));
    for (const a of rows.keys())
      for (let c = a + 1; c < rows.length; c++) {
        const [sa, sc] = [stats[a], stats[c]];
        if (sa === undefined || sc === undefined) continue;
        right[a][c] = new Uint8Array(rows[a].length);
        right[c][a] = new Uint8Array(rows[c].length);
        for (let k = 0; k < groups.count; k++) {
          const machine = discriminant(sa, sc, k, d);
          for (const [self, rival, sign] of [
            [a, c, 1],
            [c, a, -1],
          ]) {
            const hit = (x: Float64Array, i: number) => {
              let score = machine.b;
              for (let j = 0; j < d; j++) score += machine.w[j] * x[i * d + j];
              return score > 0 === sign > 0 ? 1 : 0;
            };
            let hits = 0;
            for (let i = 0; i < rows[self].length; i++) {
              hits += hit(other[self]!, i);
              if (group[self][i] === k) right[self][rival]![i] = hit(own[self]!, i);
            }
            const list = found.get(setting) ?? [];
            found.set(setting, list);
            list.push(hits / rows[self].length);
          }
        }
      }
    return { setting, background, donor, right: hitsByPartner(right) };
  });
  return {
    judgments: {
      classes: rows.map((_, c) => `class${c}`),
      cluster: rows.map((list) => list.map((row) => groups.cluster[row])),
      blocks,
    },
    truth: new Map([...found].map(([setting, list]) => [setting, mean(list)])),
  };
}

/** Shares in percent with Monte Carlo standard errors; effects and half widths in points. */
export interface RemedySummary {
  readonly design: string;
  readonly clusters: number;
  readonly remedy: string;
  readonly statement: "cost" | "neighbor" | "medium";
  readonly replicates: number;
  readonly truth: number;
  /** Mean of estimate minus truth, and its standard error. */
  readonly bias: number;
  readonly biasError: number;
  /** Intervals that hold the truth, of those given. */
  readonly coverage: number;
  readonly error: number;
  readonly given: number;
  /** Intervals of a neighbor effect without 0. */
  readonly claimed: number;
  readonly half: number;
}

/** What came of one design. */
export interface Certified {
  readonly rows: readonly RemedySummary[];
  /** Studies in which the intervals of all remedies hold at once, as remedies are stated, by statement; percent. */
  readonly atOnce: Readonly<Record<string, number>>;
}

const STATEMENTS = ["cost", "neighbor", "medium"] as const;

interface One {
  readonly estimate: Estimate;
  readonly truth: number;
}

export function certify(design: Design, replicates: number): Certified {
  const world = makeWorld(design);
  const single = new Map<string, One[]>();
  const together = new Map<string, One[][]>();
  for (let r = 0; r < replicates; r++) {
    const [study, fresh] = [drawRemedied(world, 2 * r), drawRemedied(world, 2 * r + 1)];
    const all = REMEDIES.map((name) => ({ name, ...judge(world, study, fresh, name) }));
    const [none, ...remedied] = all;
    const evidence = remedyEvidence(
      none.judgments,
      remedied.map(({ name, judgments }) => ({ remedy: name, judgments })),
      world.groups,
    ).slice(1);
    for (const statement of STATEMENTS) {
      const each = remedied.map(({ name, judgments, truth }, i) => {
        const [from, to] =
          statement === "medium" ? (["self", "cell-free"] as const) : (["cell-free", "different"] as const);
        const terms: Term[] =
          statement === "cost"
            ? [
                { of: none.judgments, setting: "original", weight: 1 },
                { of: judgments, setting: "original", weight: -1 },
              ]
            : difference(judgments, from, to);
        const true_ =
          statement === "cost"
            ? none.truth.get("original")! - truth.get("original")!
            : truth.get(from)! - truth.get(to)!;
        const key = `${name} ${statement}`;
        single.set(key, [
          ...(single.get(key) ?? []),
          { estimate: estimate(terms, world.groups), truth: true_ },
        ]);
        return { estimate: evidence[i][statement], truth: true_ };
      });
      together.set(statement, [...(together.get(statement) ?? []), each]);
    }
  }
  const truths = new Map([...single].map(([key, list]) => [key, mean(list.map((o) => o.truth))]));
  return {
    rows: [...single].map(([key, list]) => summarize(design.name, world, key, list)),
    atOnce: Object.fromEntries(
      [...together].map(([statement, studies]) => {
        const held = studies.filter((each) =>
          each.every((o, i) => holds(o.estimate, truths.get(`${REMEDIES[i + 1]} ${statement}`)!) !== false),
        );
        return [statement, (100 * held.length) / studies.length];
      }),
    ),
  };
}

/** Whether an interval holds the truth; null where none is given. */
function holds({ low, high }: Estimate, truth: number): boolean | null {
  return low === null || high === null ? null : low <= truth && truth <= high;
}

function summarize(design: string, world: World, key: string, list: readonly One[]): RemedySummary {
  const [remedy, statement] = key.split(" ");
  const truth = mean(list.map((o) => o.truth));
  const given = list.filter(({ estimate: e }) => e.low !== null);
  const coverage = mean(given.map(({ estimate: e }) => (holds(e, truth) ? 1 : 0)));
  const bias = list.map((o) => o.estimate.estimate - o.truth);
  return {
    design,
    clusters: world.groups.fewest,
    remedy,
    statement: statement as RemedySummary["statement"],
    replicates: list.length,
    truth: 100 * truth,
    bias: 100 * mean(bias),
    biasError: (100 * standardDeviation(bias, 1)) / Math.sqrt(list.length),
    coverage: 100 * coverage,
    error: 100 * Math.sqrt((coverage * (1 - coverage)) / given.length),
    given: given.length,
    claimed: 100 * mean(given.map(({ estimate: e }) => (e.low! > 0 || e.high! < 0 ? 1 : 0))),
    half: 100 * mean(given.map(({ estimate: e }) => (e.high! - e.low!) / 2)),
  };
}
