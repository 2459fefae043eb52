import { expect, test } from "vitest";
import { namedSeed } from "../../src/core/rng.ts";
import { datasetProteins, simulateDataset } from "../../src/simulate/dataset.ts";
import { simulateField } from "../../src/simulate/field.ts";
import { makeProtein, mixedProteins, singleProteins } from "../../src/simulate/proteins.ts";

test("a data set has the cells that were asked for, from several fields, all ids different", () => {
  const options = {
    seed: 3,
    proteinsPerLocalization: 1,
    localizations: ["nucleus", "ER"] as const,
    heterogeneous: 1,
    cellsPerProtein: 20,
    fieldsPerProtein: 3,
  };
  const cells = [...simulateDataset(options)];
  expect(cells.length).toBe(60);
  expect(new Set(cells.map((c) => c.id)).size).toBe(60);
  for (const protein of datasetProteins(options)) {
    const own = cells.filter((c) => c.protein.name === protein.name);
    expect(own.length).toBe(20);
    expect(new Set(own.map((c) => c.field)).size).toBeGreaterThanOrEqual(3);
    for (const { cell } of own)
      expect(protein.shares.map((s) => s.localization)).toContain(cell.localization);
  }
  const again = [...simulateDataset(options)];
  expect(again.map((c) => c.id)).toEqual(cells.map((c) => c.id));
  expect(Buffer.from(again[41].crop.buffer).equals(Buffer.from(cells[41].crop.buffer))).toBe(true);
});

test("cells alone are the same cells at the same place, with medium where the others were", () => {
  const options = {
    seed: 3,
    proteinsPerLocalization: 1,
    localizations: ["cytoplasm"] as const,
    cellsPerProtein: 6,
    fieldsPerProtein: 2,
  };
  const among = [...simulateDataset(options)];
  const alone = [...simulateDataset({ ...options, alone: true })];
  expect(alone.map((c) => c.id)).toEqual(among.map((c) => c.id));
  const light = { center: [0, 0], neighbors: [0, 0], medium: [0, 0] };
  among.forEach(({ mask, crop }, i) => {
    expect(alone[i].mask).toEqual(mask.map((m) => (m === 1 ? 1 : 0)));
    // A marker lights every cell: the last channel.
    mask.forEach((m, p) => {
      const part = light[m === 1 ? "center" : m === 2 ? "neighbors" : "medium"];
      part[0] += crop[mask.length + p];
      part[1] += alone[i].crop[mask.length + p];
    });
  });
  const left = ([before, after]: number[]) => after / before;
  expect(left(light.neighbors)).toBeLessThan(0.7);
  expect(left(light.center)).toBeGreaterThan(0.9);
  expect(left(light.center)).toBeLessThan(1);
});

test("a data set without room for a crop is refused", () => {
  const options = { seed: 1, proteinsPerLocalization: 1, cellsPerProtein: 1, fieldsPerProtein: 1 };
  expect(() => [...simulateDataset({ ...options, physics: { size: 64 } })]).toThrow(/larger or denser/);
  expect(() => [...simulateDataset({ ...options, physics: { size: 60 } })]).toThrow(/smaller than a crop/);
});

test("proteins keep their traits whatever else is simulated", () => {
  const all = singleProteins(3);
  expect(all.length).toBe(45);
  expect(singleProteins(2, ["Golgi"])).toEqual(all.filter((p) => ["Golgi-1", "Golgi-2"].includes(p.name)));
  expect(singleProteins(1, ["Golgi"], 2)[0].abundance).not.toBe(
    all.find((p) => p.name === "Golgi-1")!.abundance,
  );
  for (const p of all) {
    expect(p.penetrance).toBeGreaterThanOrEqual(0.75);
    expect(p.penetrance).toBeLessThanOrEqual(0.97);
  }
});

test("shares of heterogeneous proteins add up to 1, each at least 0.1", () => {
  for (const protein of mixedProteins(40)) {
    expect(protein.shares.length).toBeGreaterThanOrEqual(2);
    expect(protein.shares.reduce((s, x) => s + x.share, 0)).toBeCloseTo(1, 12);
    for (const { share } of protein.shares) expect(share).toBeGreaterThanOrEqual(0.1);
    expect(new Set(protein.shares.map((s) => s.localization)).size).toBe(protein.shares.length);
  }
  expect(() => makeProtein("x", [{ localization: "ER", share: 0.5 }])).toThrow(/add up to 1/);
});

test("cells follow the shares, independent of their neighbors unless a correlation is asked for", () => {
  const protein = makeProtein("half", [
    { localization: "nucleus", share: 0.3 },
    { localization: "vacuole", share: 0.7 },
  ]);
  const look = (correlation: number) => {
    let first = 0;
    let total = 0;
    let alike = 0;
    for (let field = 0; field < 25; field++) {
      const { cells } = simulateField({ protein, field, seed: namedSeed(2, "test"), correlation });
      for (const cell of cells) {
        total++;
        first += Number(cell.localization === "nucleus");
        let nearest = cells[0] === cell ? cells[1] : cells[0];
        for (const o of cells)
          if (
            o !== cell &&
            Math.hypot(o.x - cell.x, o.y - cell.y) < Math.hypot(nearest.x - cell.x, nearest.y - cell.y)
          )
            nearest = o;
        alike += Number(nearest.localization === cell.localization);
      }
    }
    return { share: first / total, alike: alike / total, total };
  };
  const free = look(0);
  const se = Math.sqrt((0.3 * 0.7) / free.total);
  expect(Math.abs(free.share - 0.3)).toBeLessThan(4 * se);
  expect(Math.abs(free.alike - 0.58)).toBeLessThan(0.06);
  expect(look(0.9).alike).toBeGreaterThan(0.72);
});
