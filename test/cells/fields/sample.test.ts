import { expect, test } from "vitest";
import { Sampler } from "../../../src/cells/fields/sample.ts";
import { mulberry32, namedSeed } from "../../../src/core/rng.ts";

/** Fields of two classes with drawn numbers of cells. */
const random = mulberry32(namedSeed(0, "sampler"));
const fields = Array.from({ length: 40 }, (_, f) => ({
  name: `f${f}`,
  group: f % 3 === 0 ? "a" : "b",
  cells: Array.from({ length: Math.floor(random() * 120) }, (_, label) => ({ label, field: f })),
}));

test("holding few gives what holding all and sorting gives", () => {
  for (const [perClass, perField] of [
    [25, 7],
    [600, undefined],
    [undefined, 3],
    [5, undefined],
  ]) {
    const sampler = new Sampler<{ label: number; field: number }>({ perClass, perField, seed: 3 });
    for (const { name, group, cells } of fields) sampler.add(name, cells, () => group);
    const key = (c: { label: number; field: number }) =>
      mulberry32(namedSeed(3, "cells of fields", `f${c.field}`, c.label))();
    const smallest = <T extends { label: number; field: number }>(list: T[], n = Number.POSITIVE_INFINITY) =>
      [...list].sort((x, y) => key(x) - key(y)).slice(0, n);
    const naive = ["a", "b"].flatMap((group) =>
      smallest(
        fields.filter((f) => f.group === group).flatMap((f) => smallest(f.cells, perField)),
        perClass,
      ),
    );
    const id = (c: { label: number; field: number }) => `${c.field} ${c.label}`;
    expect(sampler.take().map(id).sort()).toEqual(naive.map(id).sort());
  }
});

test("every cell of a field is as likely as another", () => {
  const counts = new Array(10).fill(0);
  for (let seed = 0; seed < 2000; seed++) {
    const sampler = new Sampler<{ label: number }>({ perField: 3, seed });
    sampler.add(
      "f",
      Array.from({ length: 10 }, (_, label) => ({ label })),
      () => "a",
    );
    for (const { label } of sampler.take()) counts[label]++;
  }
  // 600 each; five standard deviations of a binomial count.
  for (const n of counts) expect(Math.abs(n - 600)).toBeLessThan(5 * Math.sqrt(2000 * 0.3 * 0.7));
});

test("a field of several classes gives no more cells than are asked of a field", () => {
  const sampler = new Sampler<{ label: number }>({ perField: 4, perClass: 3, seed: 0 });
  const cells = Array.from({ length: 40 }, (_, label) => ({ label }));
  sampler.add("f", cells, ({ label }) => `class ${label % 5}`);
  expect(sampler.take().length).toBe(4);
});

test("a field may hold more cells than a call takes arguments", () => {
  const sampler = new Sampler<{ label: number }>({ seed: 0 });
  const cells = Array.from({ length: 300_000 }, (_, label) => ({ label }));
  sampler.add("f", cells, () => "a");
  expect(sampler.take()).toEqual(cells);
});
