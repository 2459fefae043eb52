import { expect, test } from "vitest";
import { MOST_PAIR_BYTES, pairBytes } from "../../../src/evaluate/svm/memory.ts";
import { costFinding, costText, type StudyCost, wideFeatures } from "../../../src/study/cost/cost.ts";
import { gigabytes, hoursText, limitFor } from "../../../src/study/cost/limit.ts";

const cost = (more: Partial<StudyCost> = {}): StudyCost => ({
  ...{
    cells: 15_000,
    classes: 15,
    composites: 450_000,
    fits: 250_000,
    probes: 10,
    atMost: false,
    threads: 2,
  },
  encodings: [{ encoder: "tiny", crops: 450_000 }],
  seconds: { encode: 3600, pairs: 1800, probes: 1500, results: 300 },
  hours: 2,
  measured: { composites: 128, crops: 48, fits: 10, probes: 1 },
  ...{ bytes: 2e9, free: 50e9, memory: 1e9, machineMemory: 8e9 },
  ...more,
});

test("what a run takes is one line, with what its time was measured on", () => {
  expect(costText(cost())).toBe(
    "15 classes make 450,000 composites (crops encoded: tiny 450,000), 250,000 fits of pairs (pairs x folds x blocks x encoders) and 10 probes of all classes: about 2.0 h on 2 free cores (measured on 128 composites, 48 crops, 10 fits), 2.0 GB of disk (50.0 GB free), 1.0 GB of memory at most",
  );
  expect(costText(cost({ atMost: true }))).toContain("at most 450,000 composites");
});

test("a run within its limits is a note; above the hours it is refused with the ways out", () => {
  expect(costFinding(cost()).severity).toBe("note");
  expect(costFinding(cost({ hours: 24 })).severity).toBe("note");
  const over = costFinding(cost({ hours: 30.2 }));
  expect(over.severity).toBe("refuse");
  for (const way of ['"classes"', '"backgrounds"', '"sample": 10', '"none"', '"cellsPerClass"', "--limit 31"])
    expect(over.text).toContain(way);
  expect(over.text).not.toContain("\n");
  expect(costFinding(cost({ hours: 30.2 }), 31).severity).toBe("note");
  expect(costFinding(cost({ hours: 2 }), 1).text).toContain("more than the limit of 1 h");
});

test("a run that needs more disk than is free is refused, whatever the limit", () => {
  const full = costFinding(cost({ bytes: 60e9 }), 1000);
  expect(full.severity).toBe("refuse");
  expect(full.text).toMatch(/60\.0 GB of disk \(50\.0 GB free\).*more than is free/);
  expect(costFinding(cost({ bytes: 60e9, free: null })).severity).toBe("note");
});

test("a run that may need more memory than there is says so and goes on", () => {
  const large = costFinding(cost({ memory: 9e9 }));
  expect(large.severity).toBe("warning");
  expect(large.text).toMatch(/9\.0 GB of memory at most: 8\.0 GB may be used here; name fewer "classes"/);
  expect(costFinding(cost({ memory: 9e9, hours: 25 })).severity).toBe("refuse");
});

test("features that cannot be held are refused with their number and the ways out", () => {
  const rows = [1000, 1000, 400].map((n) => new Int32Array(n));
  const at = (dimension: number, memory: number, workers = 2) =>
    wideFeatures("tiny", dimension, { rows, workers, memory });
  expect(at(1024, 8e9)).toBeNull();
  const need = 2 * 2400 * 1024 * 4 + 2 * pairBytes(2000, 1024);
  expect(at(1024, need)).toBeNull();
  const refused = at(1024, need - 1);
  expect(refused).toMatchObject({ id: "wide-features", severity: "refuse" });
  for (const part of [
    "tiny gives 1,024 features",
    "2,000 cells",
    gigabytes(need),
    '"pool"',
    '"cellsPerClass"',
  ])
    expect(refused?.text).toContain(part);
  expect(refused?.text).toContain("--workers 1");
  expect(at(1024, need - 1, 1)).toBeNull();
});

test("a pair takes at most twice its features again where they are many, and not more than WebAssembly has", () => {
  for (const [rows, dimension] of [
    [32, 98_304],
    [50, 2048],
    [500, 9600],
    [2000, 49_152],
  ])
    expect(pairBytes(rows, dimension)).toBeLessThan(2 * 4 * rows * dimension);
  expect(pairBytes(2000, 1024)).toBeLessThan(0.2e9);
  expect(pairBytes(8000, 98_304)).toBeLessThan(MOST_PAIR_BYTES);
  expect(pairBytes(12_000, 98_304)).toBeGreaterThan(MOST_PAIR_BYTES);
});

test("a pair whose systems fit is not refused for what lies beside them", () => {
  const rows = [6500, 6500].map((n) => new Int32Array(n));
  expect(pairBytes(13_000, 12_000)).toBeGreaterThan(MOST_PAIR_BYTES);
  expect(wideFeatures("tiny", 12_000, { rows, workers: 1, memory: 1e12 })).toBeNull();
  expect(wideFeatures("tiny", 12_000, { rows, workers: 1, memory: 1e9 })?.text).toContain("1.0 GB");
});

test("hours are said as precisely as is worth while, and a limit lets them pass", () => {
  expect([0, 0.00001, 0.01, 0.5, 1, 9.96, 12.4, 5000].map(hoursText)).toEqual([
    "0 s",
    "1 s",
    "36 s",
    "30 min",
    "1.0 h",
    "10.0 h",
    "12 h",
    "5,000 h",
  ]);
  for (const hours of [0.01, 0.5, 1, 9.99, 12.4, 5000]) expect(limitFor(hours)).toBeGreaterThanOrEqual(hours);
});
