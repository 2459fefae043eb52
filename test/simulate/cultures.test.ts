import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { mean } from "../../src/core/statistics.ts";
import { kindOf, type Layout, planFields } from "../../src/simulate/cultures.ts";
import { checkDataset, type DatasetOptions, simulateFields } from "../../src/simulate/dataset.ts";
import { type SimulatedField, simulateField } from "../../src/simulate/field.ts";
import { makeProtein, type Protein, singleProteins } from "../../src/simulate/proteins.ts";
import { Whereabouts } from "../../src/simulate/whereabouts.ts";

const PLACES = ["nucleus", "ER", "actin", "Golgi", "vacuole"] as const;

/** All fields of a plan in which every field gives each of its proteins `each` of the `wanted` cells. */
function planned(proteins: readonly Protein[], layout: Layout, wanted: number, each = 1) {
  const missing = new Map(proteins.map((protein) => [protein, wanted]));
  const fields = [];
  for (const field of planFields(proteins, layout, missing)) {
    fields.push(field);
    for (const protein of field.proteins) missing.set(protein, Math.max(0, missing.get(protein)! - each));
  }
  return { fields, missing };
}

describe("co-cultures", () => {
  test.each([
    [1, 2],
    [2, 2],
    [2, 3],
    [3, 5],
  ])(
    "%d proteins of each localization: fields of %d, each of another localization, until none misses a cell",
    (per, size) => {
      const proteins = singleProteins(per, PLACES);
      const { fields, missing } = planned(
        proteins,
        { seed: 3, proteinsPerField: size, fieldsPerProtein: 4 },
        4,
      );
      expect([...missing.values()]).toEqual(proteins.map(() => 0));
      expect(fields.map((f) => f.name)).toEqual(fields.map((_, i) => `coculture_${i}`));
      for (const field of fields) {
        expect(field.proteins.length).toBe(size);
        expect(new Set(field.proteins.map(kindOf)).size).toBe(size);
      }
      for (const protein of proteins)
        expect(fields.filter((f) => f.proteins.includes(protein)).length).toBeGreaterThanOrEqual(4);
    },
  );

  test("a localization is not always with the same others", () => {
    const proteins = singleProteins(1, PLACES);
    const { fields } = planned(proteins, { seed: 3, proteinsPerField: 2, fieldsPerProtein: 8 }, 8);
    const partners = fields.flatMap((f) =>
      f.proteins.some((p) => p.name === "ER-1") ? f.proteins.filter((p) => p.name !== "ER-1") : [],
    );
    expect(new Set(partners).size).toBeGreaterThanOrEqual(3);
  });

  const options: DatasetOptions = {
    seed: 5,
    localizations: ["nucleus", "cytoplasm", "vacuole"],
    proteinsPerLocalization: 1,
    cellsPerProtein: 30,
    fieldsPerProtein: 3,
    proteinsPerField: 3,
    physics: { defocused: 0 },
  };

  test("cells are drawn of every protein, are what the truth says, and stand among cells of the others", () => {
    const fields = [...simulateFields(options)].map(({ field, ...rest }) => ({
      ...rest,
      field: structuredClone(field),
    }));
    const cells = fields.flatMap((f) => f.cells);
    const compactness = new Map<string, number[]>();
    for (const { cell, crop, mask, protein } of cells) {
      expect(cell.protein).toBe(protein);
      expect(protein.shares[0].localization).toBe(cell.localization);
      if (!cell.visible) continue;
      const inside = [...mask.keys()].flatMap((p) => (mask[p] === 1 ? [crop[p]] : []));
      const outside = mean([...mask.keys()].flatMap((p) => (mask[p] === 0 ? [crop[p]] : [])));
      inside.sort((a, b) => b - a);
      const top = mean(inside.slice(0, inside.length / 10)) - outside;
      const of = compactness.get(cell.localization) ?? [];
      of.push(top / (mean(inside) - outside));
      compactness.set(cell.localization, of);
    }
    for (const place of options.localizations!)
      expect(cells.filter((c) => c.cell.localization === place).length).toBe(30);
    // A nucleus holds its protein in a fourteenth of the cell; the cytosol is all over.
    expect(mean(compactness.get("nucleus")!)).toBeGreaterThan(1.4 * mean(compactness.get("cytoplasm")!));
    for (const { field } of fields) expect(new Set(field.cells.map((c) => c.localization)).size).toBe(3);
    expect(new Set(cells.map((c) => c.id)).size).toBe(90);
    const again = [...simulateFields(options)].flatMap((f) => f.cells.map((c) => c.id));
    expect(again).toEqual(cells.map((c) => c.id));
    const other = [...simulateFields({ ...options, seed: 6 })].flatMap((f) => f.cells.map((c) => c.id));
    expect(other).not.toEqual(again);
  });

  test("a cell carries any protein with equal chance; patchy, its neighbor's", () => {
    const proteins = singleProteins(1, ["nucleus", "ER", "actin"]);
    const random = mulberry32(8);
    const places = Array.from({ length: 600 }, () => ({ x: random(), y: random() }));
    const look = (patchiness: number) => {
      const drawer = new Whereabouts({ proteins, patchiness, correlation: 0 }, places, mulberry32(9));
      const of = places.map((_, k) => drawer.draw(k, random).protein);
      const alike = places.map((a, k) => {
        const near = places.reduce(
          (best, b, o) =>
            o !== k &&
            (best < 0 ||
              Math.hypot(a.x - b.x, a.y - b.y) < Math.hypot(a.x - places[best].x, a.y - places[best].y))
              ? o
              : best,
          -1,
        );
        return Number(of[near] === of[k]);
      });
      return {
        shares: proteins.map((p) => of.filter((o) => o === p).length / of.length),
        alike: mean(alike),
      };
    };
    const free = look(0);
    // Four standard errors of 600 draws.
    for (const share of free.shares) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.077);
    expect(Math.abs(free.alike - 1 / 3)).toBeLessThan(0.1);
    expect(look(0.9).alike).toBeGreaterThan(0.7);
  });

  test("states of a heterogeneous protein follow neighbors of its own only", () => {
    const two = (name: string, a: "nucleus" | "actin", b: "ER" | "Golgi") =>
      makeProtein(name, [
        { localization: a, share: 0.5 },
        { localization: b, share: 0.5 },
      ]);
    const proteins = [two("a", "nucleus", "ER"), two("b", "actin", "Golgi")];
    const random = mulberry32(4);
    const places = Array.from({ length: 300 }, () => ({ x: random(), y: random() }));
    const drawer = new Whereabouts({ proteins, patchiness: 0, correlation: 1 }, places, mulberry32(5));
    const states = places.map((_, k) => drawer.draw(k, random));
    for (const { protein, localization } of states)
      expect(protein.shares.map((s) => s.localization)).toContain(localization);
    // With correlation 1 all copy, in the end, the first cell of their protein.
    for (const protein of proteins)
      expect(new Set(states.filter((s) => s.protein === protein).map((s) => s.localization)).size).toBe(1);
  });
});

describe("plates", () => {
  const proteins = singleProteins(2, PLACES);
  /** Fields of every localization on every plate. */
  const table = (layout: Omit<Layout, "seed" | "fieldsPerProtein">, plates: number) => {
    const { fields } = planned(proteins, { seed: 3, fieldsPerProtein: 3, ...layout }, 3);
    return PLACES.map((place) =>
      Array.from(
        { length: plates },
        (_, plate) =>
          fields.filter((f) => f.plate === plate && f.proteins.some((p) => kindOf(p) === place)).length,
      ),
    );
  };

  test("crossed: every localization is on all plates alike", () => {
    expect(table({ plates: 3 }, 3)).toEqual(PLACES.map(() => [2, 2, 2]));
    expect(table({ plates: 4 }, 4)).toEqual(PLACES.map(() => [2, 2, 1, 1]));
    for (const row of table({ plates: 3, proteinsPerField: 2 }, 3))
      expect(Math.min(...row)).toBeGreaterThan(0);
  });

  test("confounded: a localization is on one plate", () => {
    const own = table({ plates: 5, plateLayout: "confounded" }, 5);
    expect(own).toEqual(PLACES.map((_, c) => PLACES.map((_, plate) => (plate === c ? 6 : 0))));
    expect(table({ plates: 2, plateLayout: "confounded" }, 2)[2]).toEqual([6, 0]);
  });

  test("fields of a plate share its light, fields of other plates have another", () => {
    const [protein] = singleProteins(1, ["cytoplasm"]);
    const physics = { batch: 0, plate: 0.8, vignette: 0, clouds: 0, coverage: 0.12, coverageSpread: 0 };
    const medium = ({ image, labels }: SimulatedField, channel: number) => {
      const plane = image.subarray(channel * labels.length, (channel + 1) * labels.length);
      const dark = Array.from(plane.filter((_, p) => labels[p] === 0)).sort((a, b) => a - b);
      return dark[dark.length >> 2];
    };
    const look = (plate: number, field: number) =>
      [0, 1].map((channel) => medium(simulateField({ protein, field, seed: 2, physics, plate }), channel));
    const [first, second, other] = [look(0, 0), look(0, 1), look(1, 2)];
    for (const channel of [0, 1]) {
      const within = Math.abs(first[channel] - second[channel]);
      // Counts; read noise is 9.
      expect(within).toBeLessThan(4);
      expect(Math.abs(first[channel] - other[channel])).toBeGreaterThan(8 + 2 * within);
    }
    const none = { ...physics, plate: 0 };
    const plain = simulateField({ protein, field: 0, seed: 2, physics: none });
    expect(simulateField({ protein, field: 0, seed: 2, physics: none, plate: 1 }).image).toEqual(plain.image);
  });
});

test.each([
  [{ proteinsPerField: 6 }, /6 proteins cannot share a field: .* there are 5/],
  [{ plates: 7 }, /nucleus has 6 fields, which cannot be on 7 plates/],
  [
    { plateLayout: "confounded" as const },
    /localizations cannot be confounded with plates where there are none/,
  ],
  [{ plates: 6, plateLayout: "confounded" as const }, /6 plates are more than the 5 localizations/],
  [{ plates: 2, plateLayout: "confounded" as const, proteinsPerField: 2 }, /cannot have plates of their own/],
])("%o is refused", (layout, message) => {
  const options = {
    seed: 1,
    localizations: PLACES,
    proteinsPerLocalization: 2,
    cellsPerProtein: 3,
    fieldsPerProtein: 3,
    ...layout,
  };
  expect(() => checkDataset(options)).toThrow(message);
  expect(() => simulateFields(options).next()).toThrow(RangeError);
});
