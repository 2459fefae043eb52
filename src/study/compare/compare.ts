import { resolve } from "node:path";
import { StudyError } from "../../errors.ts";
import { components } from "../../evidence/components.ts";
import {
  type Contestant,
  type EncoderDifference,
  type EncoderOptions,
  encoderDifferences,
  type Predicting,
  transferDifferences,
} from "../../evidence/encoders.ts";
import { flipCounts } from "../../evidence/flip-counts.ts";
import { benjaminiHochberg } from "../../evidence/multiplicity.ts";
import { available, type Statement } from "../../evidence/statements.ts";
import { EFFECTS } from "../../evidence/tables.ts";
import { type TransferStatement, transferComponents, transferStatements } from "../../evidence/transfer.ts";
import {
  COMPARISON_VERSION,
  type ComparedKind,
  type ComparedNumber,
  type ComparedPair,
  type Comparison,
} from "../../explore/compare.ts";
import { type ComparedStudy, calledBy, judgedBy, judgedEncoders, readCompared } from "./finished.ts";
import { mismatch, sharedBlocks } from "./mismatch.ts";

/** Which of the encoders of two studies are compared. */
export interface CompareOptions {
  /** One encoder's output of the first study, and one of the second; default: all, each pair with intervals for all. */
  readonly encoders?: readonly [first: string, second: string];
}

/**
 * Compares encoders on the same composites: differences, first minus second, of accuracies, effects, transfer and
 * capture, with paired intervals, class by class, and what flips in one and not in the other (docs/explorer.md). Of one
 * study every two of its encoders; of two studies every encoder of the first with every one of the second.
 * @param second default: the first study
 * @throws DataError, StudyError for a folder that is not of a finished study, an encoder that it does not have, and for
 * studies of other cells, groups, donors or pixels, naming the key that differs with both values
 */
export async function compareStudies(
  first: string,
  second: string = first,
  options: CompareOptions = {},
): Promise<ComparedPair[]> {
  const one = await readCompared(first);
  const two = resolve(second) === resolve(first) ? one : await readCompared(second);
  const found = mismatch(one, two);
  if (found !== null)
    throw new StudyError(`cannot be compared with ${second}: ${found.text}`, { path: first });
  const pairs = await comparedPairs(one, two, options);
  if (pairs.length === 0)
    throw new StudyError("has one encoder; give another study of the same cells to compare it with", {
      path: first,
    });
  return pairs;
}

/** Every two encoders of some studies, those that cannot be compared with the reason; studies by their position. */
export async function compareAll(folders: readonly string[]): Promise<Comparison> {
  const studies: ComparedStudy[] = [];
  for (const folder of folders) studies.push(await readCompared(folder));
  const pairs: ComparedPair[] = [];
  for (const [i, one] of studies.entries())
    for (const [j, two] of studies.entries()) {
      if (j < i) continue;
      const found = i === j ? null : mismatch(one, two, [`study ${i + 1}`, `study ${j + 1}`]);
      const own =
        found === null
          ? await comparedPairs(one, two)
          : judgedEncoders(one).flatMap((a) =>
              judgedEncoders(two).map((b) => ({ ...refusedPair(a, b), refused: found.text })),
            );
      pairs.push(
        ...own.map((pair) => ({
          ...pair,
          first: { ...pair.first, study: i },
          second: { ...pair.second, study: j },
        })),
      );
    }
  return { version: COMPARISON_VERSION, pairs };
}

function refusedPair(first: string, second: string): ComparedPair {
  return {
    first: { study: 0, encoder: first },
    second: { study: 1, encoder: second },
    refused: null,
    zone: null,
    atOnce: 0,
    leftOut: [],
    numbers: [],
    flips: [],
  };
}

/** Every encoder of the first study with every one of the second, or every two of the one study. */
async function comparedPairs(
  one: ComparedStudy,
  two: ComparedStudy,
  { encoders }: CompareOptions = {},
): Promise<ComparedPair[]> {
  if (one === two && encoders !== undefined && encoders[0] === encoders[1])
    throw new StudyError(`compares ${encoders[0]} with itself; name two encoders`, { path: one.path });
  const { blocks, leftOut } = sharedBlocks(one, two);
  const [a, b] = [one, two].map((of, s) => chosen(of, encoders?.[s]).map((encoder) => ({ of, encoder })));
  const within = one === two && encoders === undefined;
  const sides = within ? a : [...a, ...b];
  const pairs = a.flatMap((_, i) =>
    (within ? a.slice(i + 1).map((_, k) => i + 1 + k) : b.map((_, j) => a.length + j)).map(
      (j) => [i, j] as const,
    ),
  );
  if (pairs.length === 0) return [];
  const judged: Contestant[] = [];
  const called: (Predicting | null)[] = [];
  for (const { of, encoder } of sides) {
    judged.push({ encoder, judgments: judgedBy(of, encoder, blocks) });
    const predictions = await calledBy(of, encoder, blocks);
    called.push(predictions && { encoder, predictions });
  }
  const { grouping } = one;
  const seed = Number(one.record.study.seed ?? 0);
  const zones = [one, two].map(({ record }) => Number(record.study.zone));
  const numbers: ComparedNumber[][][] = [];
  for (const of of [
    ...statedNumbers(judged, pairs, { grouping, seed }),
    ...transferNumbers(called, pairs, { grouping, seed }),
  ]) {
    // What else this process serves goes on in between.
    await new Promise(setImmediate);
    numbers.push(of());
  }
  const { classes } = one.about;
  return pairs.map(([i, j], p): ComparedPair => {
    const [first, second] = [called[i], called[j]];
    return {
      first: { study: 0, encoder: sides[i].encoder },
      second: { study: one === two ? 0 : 1, encoder: sides[j].encoder },
      refused: null,
      zone: zones[0] === zones[1] ? zones[0] / 100 : null,
      atOnce: pairs.length,
      leftOut: [...leftOut],
      numbers: numbers.flatMap((of) => of[p] ?? []),
      flips:
        first === null || second === null
          ? []
          : flipCounts(first.predictions, second.predictions).map(({ own, ...rest }) => ({
              ...rest,
              class: own === null ? null : classes[own],
            })),
    };
  });
}

/** The encoder that is asked for, or all. @throws StudyError naming those that there are */
function chosen(of: ComparedStudy, wanted: string | undefined): string[] {
  const known = judgedEncoders(of);
  if (wanted === undefined) return known;
  if (!known.includes(wanted))
    throw new StudyError(`has no encoder ${wanted}; it has ${known.join(", ")}`, { path: of.path });
  return [wanted];
}

type Pairs = readonly (readonly [first: number, second: number])[];
type Case = { readonly grouping: ComparedStudy["grouping"]; readonly seed: number };

/** Numbers of every pair, the average over classes first. */
type Numbers = () => ComparedNumber[][];

/** By statement. */
function statedNumbers(judged: readonly Contestant[], pairs: Pairs, of: Case): Numbers[] {
  const { classes } = judged[0].judgments;
  return available(judged[0].judgments).map((statement: Statement) => () => {
    const effect = EFFECTS.some((e) => e.id === statement.id);
    return numbersOf(statement.id, effect ? "effect" : "accuracy", {
      ...of,
      classes,
      pairs,
      own: ({ only }) => judged.map(({ judgments }) => components(statement.terms(judgments), only).estimate),
      differences: (options) => encoderDifferences(statement, judged, of.grouping, options),
    });
  });
}

/** The same of probes that were trained on originals. */
function transferNumbers(called: readonly (Predicting | null)[], pairs: Pairs, of: Case): Numbers[] {
  const known = called.filter((c) => c !== null);
  if (known.length < called.length) return [];
  const { classes } = known[0].predictions;
  return transferStatements(known[0].predictions).map(
    (statement: TransferStatement) => () =>
      numbersOf(statement.id, statement.kind === "transfer" ? "transfer" : "capture", {
        ...of,
        classes,
        pairs,
        own: ({ only }) =>
          known.map(({ predictions }) => transferComponents(predictions, statement, only).estimate),
        differences: (options) => transferDifferences(statement, known, of.grouping, options),
      }),
  );
}

interface Asked extends Case {
  readonly classes: readonly string[];
  readonly pairs: Pairs;
  /** What is stated of every encoder by itself. */
  readonly own: (of: { readonly only?: number }) => number[];
  readonly differences: (options: EncoderOptions) => EncoderDifference[];
}

/** By pair: the average over classes, with intervals for all pairs at once, then single classes, each pair by itself. */
function numbersOf(
  statement: string,
  kind: ComparedKind,
  { grouping, seed, classes, pairs, own, differences }: Asked,
): ComparedNumber[][] {
  const row = (
    d: EncoderDifference,
    values: readonly number[],
    p: number,
    about: Pick<ComparedNumber, "class" | "q">,
  ): ComparedNumber => ({
    statement,
    kind,
    ...about,
    first: values[pairs[p][0]],
    second: values[pairs[p][1]],
    estimate: d.estimate,
    low: d.low,
    high: d.high,
    level: d.level,
    p: d.adjusted,
    cells: d.cells,
    clusters: d.clusters,
    unit: d.unit,
    groups: d.groups,
    classes: d.classes,
    method: d.adjustment === "none" ? d.method : `${d.method}; ${d.adjustment} over all pairs of encoders`,
    refused: d.refused ?? null,
  });
  const average = own({});
  const out = differences({ pairs, seed }).map((d, p) => [row(d, average, p, { class: null, q: null })]);
  // Two clusters a class allow averages only.
  if (grouping.reach === "averages") return out;
  const single = classes.map((_, only) => ({
    values: own({ only }),
    found: pairs.map((pair) => differences({ pairs: [pair], seed, only })[0]),
  }));
  out.forEach((numbers, p) => {
    const known = single.flatMap(({ values, found }, c) =>
      Number.isFinite(found[p].estimate) ? [{ d: found[p], values, name: classes[c] }] : [],
    );
    const q = benjaminiHochberg(known.map(({ d }) => d.p));
    numbers.push(...known.map(({ d, values, name }, i) => row(d, values, p, { class: name, q: q[i] })));
  });
  return out.map((numbers) => numbers.filter((n) => Number.isFinite(n.estimate)));
}
