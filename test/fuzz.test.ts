import { expect, test } from "vitest";
import { GENERIC } from "../scripts/fuzz/mutate/generic.ts";
import { READERS } from "../scripts/fuzz/readers.ts";
import { formatTallies, fuzz } from "../scripts/fuzz/run.ts";

/** About a minute's worth of inputs; the same in every run. */
const INPUTS = 2400;

/** Files of every form that readers tell apart. */
const FILES = ["a.json", "a.csv", "a.parquet", "a.npy", "a.index", "a.onnx", "a.pkl", "a.bin"];

test("changed inputs are read or refused in one line, by every reader, in bounded time and memory", async () => {
  const { tallies, faults } = await fuzz({ readers: READERS, seed: 12, first: 0, count: INPUTS, workers: 2 });
  console.log(formatTallies(tallies));
  expect(faults.map(({ again, verdict, detail }) => `${verdict}: ${detail} (${again})`)).toEqual([]);
  const sum = (verdict: "same" | "other" | "refused") =>
    [...tallies.values()].reduce((n, tally) => n + tally.verdicts[verdict], 0);
  expect(sum("same") + sum("other") + sum("refused")).toBeGreaterThan(0.9 * INPUTS);
  expect(sum("refused")).toBeGreaterThan(sum("same"));
  expect(sum("same")).toBeGreaterThan(0.05 * INPUTS);
  // Every reader refuses something, and every kind of change was tried.
  for (const [name, { inputs, verdicts }] of tallies)
    if (inputs > 10) expect(verdicts.refused, name).toBeGreaterThan(0);
  const tried = new Set([...tallies.values()].flatMap(({ mutators }) => [...mutators.keys()]));
  const changes = READERS.flatMap(({ mutators }) => FILES.flatMap((file) => mutators(file)));
  const known = new Set([...GENERIC, ...changes].map(({ name }) => name));
  expect(known.size).toBeGreaterThan(80);
  expect([...known].filter((name) => !tried.has(name))).toEqual([]);
});
