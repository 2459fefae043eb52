/** What probes tell from surroundings: their field, batch and class, and what a foreign background is called. */
import { fitLogistic, type LogisticModel, predictClasses } from "../evaluate/logistic/logistic.ts";
import { type BatchRequest, counted, type Labels } from "./batch-labels.ts";
import { type Part, sumDeviations } from "./components.ts";
import { type Grouping, refusal, stated } from "./estimate.ts";
import { type StatedNumber, statedNumber } from "./further.ts";
import type { PredictionBlock } from "./predictions.ts";
import { weightedHeld } from "./sample.ts";
import { transferDependence } from "./transfer.ts";

const ALONE: PredictionBlock = { setting: "background-only", background: -1 };
const ORIGINAL: PredictionBlock = { setting: "original", background: -1 };
const SELF: PredictionBlock = { setting: "self", background: -1 };
const FOREIGN = ["cell-free", "different"] as const;

/** A share or difference from the parts that the classes bring in; null where no class has any. */
export function numberOf(
  about: Pick<StatedNumber, "statement" | "kind">,
  cluster: readonly Int32Array[],
  parts: readonly (readonly Part[])[],
  grouping: Grouping,
  dependence = transferDependence(grouping),
): StatedNumber | null {
  const present = parts.flatMap((p, own) => (p.length > 0 ? [own] : []));
  if (present.length === 0) return null;
  const sums = sumDeviations(cluster, present, (own) => parts[own]);
  const difference = about.kind === "difference";
  const refused = refusal([], grouping, sums, { difference, single: false, dependence });
  return statedNumber(stated(sums, grouping, { level: 0.95, difference, dependence, refused }), about);
}

/**
 * Share of backgrounds alone whose field (or batch) of their class a probe names rightly that was trained on the other
 * half; every label weighs the same, so that chance is one over their number. Yields between fits.
 *
 * @param rows per class: the rows that are looked at
 */
export function* toldFromBackground(
  request: BatchRequest,
  labels: Labels,
  rows: readonly Int32Array[],
  grouping: Grouping,
): Generator<void, { number: StatedNumber; chance: number } | null> {
  const parts: Part[][] = request.classes.map(() => []);
  const chances: number[] = [];
  for (const own of request.classes.keys()) {
    if (labels.count[own] < 2 || !request.has(ALONE, own)) continue;
    const right = new Float64Array(rows[own].length);
    for (const half of [0, 1]) {
      const probe = labelProbe(request, labels, own, ALONE, half, rows[own]);
      yield;
      const tested = positions(
        rows[own],
        (row) => labels.label[own][row] >= 0 && labels.half[own][row] === half,
      );
      const named = probe(
        ALONE,
        own,
        tested.map((i) => rows[own][i]),
      );
      tested.forEach((i, at) => {
        right[i] = named[at] === labels.label[own][rows[own][i]] ? 1 : 0;
      });
    }
    const of = rows[own].map((row) => labels.label[own][row]);
    const size = counted(of);
    const weights = Float64Array.from(of, (l) => (l < 0 ? 0 : 1 / size.get(l)!));
    parts[own].push({
      held: weightedHeld(right, weights),
      share: 1 / right.length,
      lender: own,
      donor: null,
    });
    chances.push(1 / labels.count[own]);
  }
  const about = { statement: `background-${labels.id}`, kind: "share" } as const;
  const number = numberOf(about, picked(request.field, rows), parts, grouping);
  return number && { number, chance: chances.reduce((a, b) => a + b, 0) / chances.length };
}

/**
 * Capture of the donor's field (or batch): of the fields of the donor's class, a probe that was trained on originals of
 * that class's other half calls a composite the donor's, the same cell in `self` (the base), and the difference. Cells
 * count whose own field (or batch) is another; a donor is never among the crops that trained the probe. Yields between
 * fits.
 */
export function* capturedLabels(
  request: BatchRequest,
  labels: Labels,
  rows: readonly Int32Array[],
  grouping: Grouping,
): Generator<void, StatedNumber[]> {
  const { classes, has, field } = request;
  const ofCells = labels.id === "field" ? field : request.batch!;
  const base = classes.every((_, own) => has(SELF, own)) ? SELF : ORIGINAL;
  const backgrounds = [...new Set(request.blocks.flatMap((b) => (b.background >= 0 ? [b.background] : [])))];
  const settings = FOREIGN.filter((s) => request.blocks.some((b) => b.setting === s));
  /** By setting, class and background: 1 where the composite, and where its base, is called the donor's; NaN: not counted. */
  const found = settings.map(() => classes.map(() => new Map<number, Captured>()));
  for (const b of backgrounds) {
    if (labels.count[b] < 2) continue;
    for (const half of [0, 1]) {
      const probe = labelProbe(request, labels, b, ORIGINAL, half, rows[b]);
      yield;
      for (const own of classes.keys()) {
        if (own === b) continue;
        settings.forEach((setting, s) => {
          const block = { setting, background: b };
          const donors = has(block, own) ? request.donors(setting, b, own) : null;
          if (donors === null) return;
          const tested = positions(rows[own], (row) => {
            const lent = donors[row] < 0 ? -1 : labels.label[b][donors[row]];
            return (
              lent >= 0 &&
              labels.half[b][donors[row]] === half &&
              ofCells[own][row] >= 0 &&
              ofCells[own][row] !== lent
            );
          });
          const cells = tested.map((i) => rows[own][i]);
          const [called, without] = [probe(block, own, cells), probe(base, own, cells)];
          let of = found[s][own].get(b);
          if (of === undefined) {
            const none = () => new Float64Array(rows[own].length).fill(Number.NaN);
            of = {
              with: none(),
              base: none(),
              donor: rows[own].map((row) => field[b][Math.max(0, donors[row])]),
            };
            found[s][own].set(b, of);
          }
          tested.forEach((i, at) => {
            const lent = labels.label[b][donors[rows[own][i]]];
            of.with[i] = called[at] === lent ? 1 : 0;
            of.base[i] = without[at] === lent ? 1 : 0;
          });
        });
      }
    }
  }
  const cluster = picked(field, rows);
  return settings.flatMap((setting, s) => {
    const partsOf = (weights: Readonly<Record<"with" | "base", number>>) =>
      found[s].map((of) => capturedParts(of, weights));
    const name = `capture-${labels.id}`;
    return [
      numberOf(
        { statement: `${name}/${setting}`, kind: "share" },
        cluster,
        partsOf({ with: 1, base: 0 }),
        grouping,
      ),
      numberOf(
        { statement: `${name}-base/${setting}`, kind: "share" },
        cluster,
        partsOf({ with: 0, base: 1 }),
        grouping,
      ),
      numberOf(
        { statement: `${name}-effect/${setting}`, kind: "difference" },
        cluster,
        partsOf({ with: 1, base: -1 }),
        grouping,
      ),
    ].filter((n) => n !== null);
  });
}

interface Captured {
  readonly with: Float64Array;
  readonly base: Float64Array;
  /** Field of the donor. */
  readonly donor: Int32Array;
}

/** What the cells of one class bring in: every background on which some count weighs the same. */
function capturedParts(
  of: ReadonlyMap<number, Captured>,
  weights: Readonly<Record<"with" | "base", number>>,
): Part[] {
  const counting = [...of].filter(([, { with: w }]) => w.some((v) => !Number.isNaN(v)));
  return counting.map(([lender, { with: called, base, donor }]) => ({
    held: weightedHeld(
      called.map((v, i) => weights.with * v + weights.base * base[i]),
      called.map((v) => (Number.isNaN(v) ? 0 : 1)),
    ),
    share: 1 / (called.length * counting.length),
    lender,
    donor,
  }));
}

/** Share of backgrounds whose class a probe names that was trained on backgrounds of the other closed groups. */
export function* backgroundClass(
  request: BatchRequest,
  rows: readonly Int32Array[],
  grouping: Grouping,
): Generator<void, { number: StatedNumber; chance: number }[]> {
  const { classes, blocks, cluster, has } = request;
  const found: { number: StatedNumber; chance: number }[] = [];
  const add = (number: StatedNumber | null, chance: number) => {
    if (number !== null) found.push({ number, chance });
  };
  if (classes.every((_, own) => has(ALONE, own))) {
    const right = yield* namedByGroup(request, rows, (own) => ({
      labels: rows[own].map(() => own),
      of: () => ALONE,
    }));
    const parts = right.map((held, own): Part[] => [
      { held, share: 1 / held.length, lender: own, donor: null },
    ]);
    const about = { statement: "background-class/background-only", kind: "share" } as const;
    add(numberOf(about, picked(cluster, rows), parts, grouping), 1 / classes.length);
  }
  const backgrounds = blocks.flatMap((b) => (b.setting === "cell-free" ? [b.background] : []));
  const free = (background: number): PredictionBlock => ({ setting: "cell-free", background });
  if (backgrounds.length > 1 && classes.every((_, own) => backgrounds.every((b) => has(free(b), own)))) {
    // Every cell on one background, in turn within its cluster: the cell itself gives nothing away.
    const on = rows.map((list, own) => {
      const seen = new Map<number, number>();
      return list.map((row) => {
        const rank = seen.get(cluster[own][row]) ?? 0;
        seen.set(cluster[own][row], rank + 1);
        return backgrounds[rank % backgrounds.length];
      });
    });
    const right = yield* namedByGroup(request, rows, (own) => ({ labels: on[own], of: free }));
    const parts = right.map((held, own): Part[] =>
      [...new Set(on[own])].map((b) => {
        const weights = on[own].map((of) => (of === b ? 1 : 0));
        const count = weights.reduce((n, w) => n + w, 0);
        const donor = blocks.find((of) => of.setting === "cell-free" && of.background === b)!.donor[own]!;
        return {
          held: weightedHeld(held, weights),
          share: count / held.length ** 2,
          lender: b,
          donor: rows[own].map((row) => donor[row]),
        };
      }),
    );
    const about = { statement: "background-class/cell-free", kind: "share" } as const;
    const number = numberOf(about, picked(cluster, rows), parts, grouping);
    add(number && { ...number, method: `${number.method}; not simulated by itself` }, 1 / backgrounds.length);
  }
  return found;
}

/** Per class: 1 for every row of `rows` whose label a probe of the other groups' rows names. */
function* namedByGroup(
  { classes, group, count, dimension, read }: BatchRequest,
  rows: readonly Int32Array[],
  task: (own: number) => { labels: Int32Array; of: (label: number) => PredictionBlock },
): Generator<void, Float64Array[]> {
  const tasks = classes.map((_, own) => task(own));
  const gather = (wanted: (g: number) => boolean) => {
    return classes.flatMap((_, own) =>
      [...new Set(tasks[own].labels)].flatMap((label) => {
        const at = positions(rows[own], (row) => wanted(group[own][row])).filter(
          (i) => tasks[own].labels[i] === label,
        );
        if (at.length === 0) return [];
        const features = new Float32Array(at.length * dimension);
        read(
          tasks[own].of(label),
          own,
          at.map((i) => rows[own][i]),
          features,
        );
        return [{ own, at, label, features }];
      }),
    );
  };
  const right = rows.map((list) => new Float64Array(list.length));
  for (let k = 0; k < count; k++) {
    const train = gather((g) => g !== k);
    const model = fit(train, dimension);
    yield;
    for (const { own, at, label, features } of gather((g) => g === k))
      model(features).forEach((named, i) => {
        right[own][at[i]] = named === label ? 1 : 0;
      });
  }
  return right;
}

/** A probe of the labels of class `own`, trained on `block` of the other half; it names rows of any block and class. */
function labelProbe(
  { dimension, read }: BatchRequest,
  { label, half }: Labels,
  own: number,
  block: PredictionBlock,
  tested: number,
  rows: Int32Array,
): (block: PredictionBlock, own: number, rows: Int32Array) => Int32Array {
  const train = rows.filter((row) => label[own][row] >= 0 && half[own][row] !== tested);
  const parts = [...new Set(train.map((row) => label[own][row]))].map((l) => {
    const at = train.filter((row) => label[own][row] === l);
    const features = new Float32Array(at.length * dimension);
    read(block, own, at, features);
    return { label: l, features };
  });
  const name = fit(parts, dimension);
  return (of, from, wanted) => {
    const features = new Float32Array(wanted.length * dimension);
    if (wanted.length > 0) read(of, from, wanted, features);
    return name(features);
  };
}

/** A logistic probe of the labels that parts have; one label is named without a probe. */
function fit(
  parts: readonly { readonly label: number; readonly features: Float32Array }[],
  dimension: number,
): (features: Float32Array) => Int32Array {
  const names = [...new Set(parts.map(({ label }) => label))].sort((a, b) => a - b);
  if (names.length < 2) return (features) => new Int32Array(features.length / dimension).fill(names[0] ?? -1);
  const rows = parts.reduce((n, { features }) => n + features.length / dimension, 0);
  const features = new Float32Array(rows * dimension);
  const labels = new Int32Array(rows);
  let at = 0;
  for (const part of parts) {
    features.set(part.features, at * dimension);
    labels.fill(names.indexOf(part.label), at, (at += part.features.length / dimension));
  }
  const model: LogisticModel = fitLogistic(features, labels, dimension, names.length, {
    standardize: true,
    balanced: true,
  });
  return (of) => predictClasses(model, of).map((k) => names[k]);
}

function positions(rows: Int32Array, wanted: (row: number) => boolean): Int32Array {
  return Int32Array.from(rows.keys()).filter((i) => wanted(rows[i]));
}

function picked(of: readonly Int32Array[], rows: readonly Int32Array[]): Int32Array[] {
  return of.map((list, own) => rows[own].map((row) => list[row]));
}
