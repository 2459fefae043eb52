import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { closedGroups } from "../../src/core/groups.ts";
import { mulberry32, normal } from "../../src/core/rng.ts";
import type { Grouping } from "../../src/evidence/estimate.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { type ShareRequest, varianceShares } from "../../src/evidence/shares.ts";
import { oracleFeatures } from "../../src/simulate/oracle.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { backgroundOf, settingOf } from "../../src/swap/runs.ts";

interface Design {
  readonly name: string;
  readonly classOf: number[];
  readonly field: number[];
  readonly protein: number[] | null;
  readonly own: number[];
  readonly background: number[];
  readonly cell: number[];
  readonly donor: number[];
  readonly x: string;
  readonly original: string;
  readonly self: string;
  readonly shares: Record<string, number>;
}

const DESIGNS = JSON.parse(
  readFileSync(new URL("../fixtures/shares/designs.json", import.meta.url), "utf8"),
) as Design[];

const GROUPING: Grouping = { count: 3, unit: "field", fewest: 3, reach: "all", notes: [] };
const floats = (text: string) => new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);

function requestOf(design: Design, more: Partial<ShareRequest> = {}): ShareRequest {
  const ints = (list: number[]) => Int32Array.from(list);
  const features = { original: floats(design.original), self: floats(design.self) };
  const x = floats(design.x);
  const dimension = x.length / design.own.length;
  return {
    own: ints(design.own),
    background: ints(design.background),
    cell: ints(design.cell),
    donor: ints(design.donor),
    classes: Math.max(...design.classOf) + 1,
    classOf: design.classOf,
    field: ints(design.field),
    cluster: ints(design.field),
    protein: design.protein === null ? null : ints(design.protein),
    dimension,
    read: (from, count, out) => out.set(x.subarray(from * dimension, (from + count) * dimension)),
    pasted: {
      cell: Int32Array.from(design.classOf.keys()),
      read: (setting, from, count, out) =>
        out.set(features[setting].subarray(from * dimension, (from + count) * dimension)),
    },
    ...more,
  };
}

function state(request: ShareRequest, grouping = GROUPING, bytes?: number): StatedNumber[] {
  const steps = varianceShares(request, grouping, bytes);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

describe.each(DESIGNS)("$name", (design) => {
  test("shares are those of dense projection matrices", () => {
    const found = state(requestOf(design));
    expect(found.map((n) => n.statement).sort()).toEqual(Object.keys(design.shares).sort());
    for (const { statement, estimate } of found) expect(estimate).toBeCloseTo(design.shares[statement], 9);
  });

  test("parts of the whole sum to one, and the two sides and the residual do", () => {
    const shares = new Map(state(requestOf(design)).map((n) => [n.statement, n.estimate!]));
    const sum = (...names: string[]) => names.reduce((s, n) => s + (shares.get(`variance/${n}`) ?? 0), 0);
    expect(sum("own", "background", "residual")).toBeCloseTo(1, 12);
    expect(sum("own-protein", "own-field", "cell")).toBeCloseTo(shares.get("variance/own")!, 12);
  });
});

const [design, , proteins] = DESIGNS;
const named = (numbers: readonly StatedNumber[]) => new Map(numbers.map((n) => [n.statement, n]));

test("features in slices are those in one", () => {
  const whole = state(requestOf(design));
  const held = 8 * (design.own.length + new Set(design.cell).size);
  const reads: number[] = [];
  const request = requestOf(design);
  const counted: ShareRequest["read"] = (from, count, out) => {
    if (from === 0) reads.push(count);
    request.read(from, count, out);
  };
  const found = state({ ...request, read: counted }, GROUPING, 3 * held);
  expect(reads.length).toBeGreaterThan(1);
  found.forEach((n, i) => {
    for (const key of ["estimate", "low", "high"] as const)
      if (whole[i][key] === null) expect(n[key]).toBe(null);
      else expect(n[key]).toBeCloseTo(whole[i][key]!, 12);
  });
});

test("shares do not depend on a feature's unit, shares of features as they are do", () => {
  const x = floats(design.x);
  const d = x.length / design.own.length;
  const scaled = x.map((v, i) => (i % d === 2 ? 1000 * v : v));
  const read: ShareRequest["read"] = (from, count, out) =>
    out.set(scaled.subarray(from * d, (from + count) * d));
  const [before, after] = [named(state(requestOf(design))), named(state(requestOf(design, { read })))];
  expect(after.get("variance/cell")!.estimate).toBeCloseTo(before.get("variance/cell")!.estimate!, 6);
  expect(after.get("variance-raw/cell")!.estimate).not.toBeCloseTo(
    before.get("variance-raw/cell")!.estimate!,
    2,
  );
});

test("a feature that moves in one composite alone does not count", () => {
  const x = floats(design.x);
  const d = x.length / design.own.length;
  const fired = x.map((v, i) => (i % d === 1 ? (i === 1 ? 7.001 : 7) : v));
  const read: ShareRequest["read"] = (from, count, out) =>
    out.set(fired.subarray(from * d, (from + count) * d));
  const [before, after] = [state(requestOf(design)), state(requestOf(design, { read }))];
  expect(after.map((n) => n.estimate)).toEqual(before.map((n) => n.estimate));
});

test("without what tells the parts apart there is no number, and the reason", () => {
  const whys = (request: ShareRequest, grouping = GROUPING) =>
    new Map(state(request, grouping).map((n) => [n.statement, n.refused]));
  const constant = whys(requestOf(design, { read: (_, __, out) => out.fill(3) }));
  expect([...constant.values()].every((why) => why === "the features do not vary")).toBe(true);

  const keep = design.background.flatMap((b, i) => (b === 0 ? [i] : []));
  const only = (list: number[]) => keep.map((i) => list[i]);
  const oneBackground = requestOf({
    ...design,
    own: only(design.own),
    background: only(design.background),
    cell: only(design.cell),
    donor: only(design.donor),
  });
  expect(whys(oneBackground).get("variance/background")).toBe(
    "every cell is in one composite, so that its part and the residual are one",
  );

  const oneDonor = requestOf({ ...design, donor: design.background.map((b) => design.classOf.indexOf(b)) });
  expect(whys(oneDonor).get("variance/donor")).toBe("no class has more than one donor on a background");

  const alone = requestOf({ ...design, field: design.field.map((_, cell) => cell) });
  const shares = named(state(alone));
  expect(shares.get("variance/own-field")!.refused).toBe(
    "every field holds one cell, so that their parts are one",
  );
  expect(shares.get("variance/own")!.estimate).toBeCloseTo(shares.get("variance/cell")!.estimate!, 12);
});

test("where the cell's field tells the donor's, neither field has a share, and cell and donor have theirs", () => {
  // Fields of all classes; donors of the other field of two.
  const field = design.classOf.map((_, cell) => cell % 4);
  const ofField = (f: number, c: number) =>
    design.classOf.flatMap((k, i) => (k === c && field[i] === f ? [i] : []));
  const donor = design.background.map((b, i) => {
    const lenders = ofField(field[design.cell[i]] ^ 1, b);
    return lenders[i % lenders.length];
  });
  const shares = named(state(requestOf({ ...design, field, donor })));
  for (const name of ["own", "own-field", "background", "donor-field"])
    expect([shares.get(`variance/${name}`)!.estimate, shares.get(`variance/${name}`)!.refused]).toEqual([
      null,
      "all cells of a field have donors of one and the same",
    ]);
  for (const name of ["cell", "donor", "residual"]) {
    const { estimate, low } = shares.get(`variance/${name}`)!;
    expect([estimate === null, low === null]).toEqual([false, false]);
  }
});

test("two fields a class, and proteins that are no clusters, get no interval", () => {
  const few = named(state(requestOf(design), { ...GROUPING, fewest: 2 })).get("variance/cell")!;
  expect([few.estimate === null, few.low, few.refused]).toEqual([
    false,
    null,
    "2 fields a class are too few to see how much would change with others",
  ]);
  const numbers = named(state(requestOf(proteins)));
  expect(numbers.get("variance/own-protein")!.refused).toMatch(/^clusters are fields of these proteins/);
  expect(numbers.get("variance/own-field")!.refused).toBe(null);
  for (const [statement, { method }] of numbers)
    expect(method.endsWith("; not simulated by itself"), statement).toBe(
      statement.startsWith("variance-raw/"),
    );
});

test("without original or self nothing is said of pasting", () => {
  const statements = state(requestOf(design, { pasted: null })).map((n) => n.statement);
  expect(statements.some((s) => s.endsWith("/paste"))).toBe(false);
});

test("an encoder of known variances is shared out as it was made", () => {
  const classes = ["a", "b", "c", "d"];
  const truth = classes.flatMap((name) => Array.from({ length: 240 }, () => name));
  const fieldOf = truth.map((name, i) => `${name} ${i % 40}`);
  const rows = classes.map((name) => Int32Array.from(truth.keys()).filter((i) => truth[i] === name));
  const groups = closedGroups({ classes, rows, field: fieldOf });
  const plan = makePlan({
    classes,
    classOf: Int16Array.from(truth, (name) => classes.indexOf(name)),
    field: fieldOf,
    protein: null,
    usable: new Uint8Array(truth.length).fill(1),
    settings: ["original", "self", "different"],
    sameDonor: "any",
    seed: 5,
    group: groups.group,
  });
  const doses = { lambda: 0.6, medium: 0.3, noise: 1, jitter: 0.4, ownField: 0.7, mediumField: 0.5 };
  const { data, dimension } = oracleFeatures(plan, truth, { ...doses, fieldOf, seed: 8 });
  const of = (setting: "original" | "self" | "different") =>
    Int32Array.from(plan.cell.keys()).filter((row) => settingOf(plan, row) === setting);
  const read = (list: Int32Array, from: number, count: number, out: Float32Array) => {
    for (let i = 0; i < count; i++)
      out.set(data.subarray(list[from + i] * dimension, (list[from + i] + 1) * dimension), i * dimension);
  };
  const [original, self, different] = [of("original"), of("self"), of("different")];
  const fields = [...new Set(fieldOf)];
  const shares = named(
    state(
      {
        own: different.map((row) => classes.indexOf(truth[plan.cell[row]])),
        background: different.map((row) => backgroundOf(plan, row)),
        cell: different.map((row) => plan.cell[row]),
        donor: different.map((row) => plan.donor[row]),
        classes: classes.length,
        classOf: truth.map((name) => classes.indexOf(name)),
        field: Int32Array.from(fieldOf, (f) => fields.indexOf(f)),
        cluster: groups.cluster,
        protein: null,
        dimension,
        read: (from, count, out) => read(different, from, count, out),
        pasted: {
          cell: original.map((row) => plan.cell[row]),
          read: (setting, from, count, out) => read(setting === "self" ? self : original, from, count, out),
        },
      },
      groups,
    ),
  );
  // Two backgrounds of three differ in two of four features by the dose: a quarter of its square, on average, each way.
  const known = {
    cell: 1,
    "own-field": 0.7 ** 2,
    donor: 0.6 ** 2 + 0.3 ** 2,
    "donor-field": 0.5 ** 2,
    residual: 0.4 ** 2,
    "background-class": 0.9 ** 2 / 4,
  };
  const whole = Object.values(known).reduce((a, b) => a + b, 0);
  for (const [name, variance] of Object.entries({ ...known, paste: 2 * 0.4 ** 2, "own-class": 1 / 4 })) {
    const { estimate, se } = shares.get(`variance/${name}`)!;
    expect(Math.abs(estimate! - variance / whole), name).toBeLessThan(3 * se!);
    expect(se!, name).toBeLessThan(0.025);
  }
});

/** Shares of an encoder that reads the cell alone, whose plate and field shift it; eight fields a class on two plates. */
function centerShares(plateOf: (field: number) => number, seed: number, isKnown = true) {
  const classes = ["a", "b", "c", "d"];
  const truth = classes.flatMap((name) => Array.from({ length: 48 }, () => name));
  const place = truth.map((_, i) => i % 8);
  const fieldOf = truth.map((name, i) => `${name} ${place[i]}`);
  const classOf = Int16Array.from(truth, (name) => classes.indexOf(name));
  const rows = classes.map((_, c) => Int32Array.from(classOf.keys()).filter((i) => classOf[i] === c));
  const groups = closedGroups({ classes, rows, field: fieldOf });
  const plan = makePlan({
    classes,
    classOf,
    field: fieldOf,
    protein: null,
    usable: new Uint8Array(truth.length).fill(1),
    settings: ["different"],
    sameDonor: "any",
    seed,
    group: groups.group,
  });
  const random = mulberry32(seed);
  const dimension = 20;
  const draw = () => Float64Array.from({ length: dimension }, () => normal(random));
  const plates = [draw(), draw()];
  const fields = new Map(fieldOf.map((name) => [name, draw()]));
  const cells = truth.map((_, i) => {
    const [plate, field, own] = [plates[plateOf(place[i])], fields.get(fieldOf[i])!, draw()];
    return own.map((v, j) => v + plate[j] + 0.5 * field[j]);
  });
  const names = [...fields.keys()];
  return named(
    state(
      {
        own: plan.cell.map((row) => classOf[row]),
        background: plan.cell.map((_, row) => backgroundOf(plan, row)),
        cell: plan.cell,
        donor: plan.donor,
        classes: classes.length,
        classOf,
        field: Int32Array.from(fieldOf, (f) => names.indexOf(f)),
        cluster: groups.cluster,
        protein: null,
        batch: isKnown ? Int32Array.from(place, plateOf) : null,
        dimension,
        read: (from, count, out) => {
          for (let i = 0; i < count; i++) out.set(cells[plan.cell[from + i]], i * dimension);
        },
        pasted: null,
      },
      groups,
    ),
  );
}

test("a batch that closed groups line up with is not booked to the donor's field", () => {
  const seeds = [1, 2, 3, 4];
  const mean = (isKnown: boolean) =>
    seeds.reduce(
      (sum, seed) =>
        sum + centerShares((f) => f % 2, seed, isKnown).get("variance/donor-field")!.estimate! / seeds.length,
      0,
    );
  expect(mean(false)).toBeGreaterThan(0.05);
  expect(Math.abs(mean(true))).toBeLessThan(0.01);
  const shares = centerShares((f) => f % 2, 1);
  for (const name of ["own", "own-batch", "background", "donor-batch"])
    expect([shares.get(`variance/${name}`)!.estimate, shares.get(`variance/${name}`)!.refused]).toEqual([
      null,
      "all cells of a batch have donors of one and the same",
    ]);
});

test("a batch across closed groups has a share of its own, of these batches", () => {
  const seeds = [1, 2, 3, 4];
  const all = seeds.map((seed) => centerShares((f) => (f < 4 ? 0 : 1), seed));
  const mean = (name: string) =>
    all.reduce((sum, shares) => sum + shares.get(`variance/${name}`)!.estimate! / seeds.length, 0);
  // 1, 1/4 and 1 of cell, field and plate.
  expect(Math.abs(mean("own-batch") - 4 / 9)).toBeLessThan(0.1);
  for (const name of ["background", "donor-batch", "donor-field", "background-class"])
    expect(Math.abs(mean(name)), name).toBeLessThan(0.02);
  expect(all[0].get("variance/own-batch")).toMatchObject({
    low: null,
    refused: "clusters are fields of these batches, which does not tell how much would change with others",
  });
});
