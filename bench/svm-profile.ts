/**
 * Where the time of one pair goes, kernel by kernel: `npx tsx bench/svm-profile.ts [--smoke]`. Every kernel is timed
 * from outside, which costs a few hundredths; the rest is TypeScript.
 */
import { record, smoke } from "./harness.ts";
import { activations } from "./svm-data.ts";

const GROUPS: Record<string, string> = {
  rankUpdate32: "rank update",
  rankUpdate64: "rank update",
  cholesky32: "Cholesky",
  cholesky64: "Cholesky",
  solve32: "triangles",
  solve64: "triangles",
  scores: "products, float64",
  combine: "products, float64",
  scores32: "products, float32",
  combine32: "products, float32",
};
const spent = new Map<string, { ms: number; calls: number }>();
const time = (name: string, kernel: (...numbers: number[]) => number) => {
  const group = GROUPS[name] ?? "arithmetic of steps";
  return (...numbers: number[]) => {
    const start = performance.now();
    const found = kernel(...numbers);
    const sum = spent.get(group) ?? { ms: 0, calls: 0 };
    sum.ms += performance.now() - start;
    sum.calls++;
    spent.set(group, sum);
    return found;
  };
};

// The kernels are wrapped where the solver makes them.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Instance: new (...of: unknown[]) => { exports: Record<string, unknown> } };
};
const { Instance } = WebAssembly;
WebAssembly.Instance = class {
  readonly exports: Record<string, unknown>;
  constructor(...of: unknown[]) {
    this.exports = Object.fromEntries(
      Object.entries(new Instance(...of).exports).map(([name, kernel]) => [
        name,
        typeof kernel === "function" ? time(name, kernel as (...numbers: number[]) => number) : kernel,
      ]),
    );
  }
};
const { crossValidatePair } = await import("../src/evaluate/crossvalidate.ts");
const { stratifiedSplit } = await import("../src/evaluate/split.ts");

const sets = smoke
  ? [{ dimension: 12, shift: 2 }]
  : [64, 256, 384].flatMap((dimension) => [1, 2, 6].map((shift) => ({ dimension, shift })));
const profiles = sets.map(({ dimension, shift }) => {
  const [a, b] = activations(2, smoke ? 25 : 1000, dimension, shift, 1);
  const splits = stratifiedSplit([a.length / dimension, b.length / dimension], 5);
  for (let warm = 0; warm < 5; warm++) crossValidatePair(a, b, dimension, splits);
  spent.clear();
  const start = performance.now();
  let pairs = 0;
  do {
    crossValidatePair(a, b, dimension, splits);
    pairs++;
  } while (performance.now() - start < (smoke ? 0 : 3000));
  const total = performance.now() - start;
  const shares = Object.fromEntries(
    [...spent].sort((p, q) => q[1].ms - p[1].ms).map(([name, { ms }]) => [name, ms / total]),
  );
  const rest = 1 - Object.values(shares).reduce((sum, v) => sum + v, 0);
  const calls = Object.fromEntries([...spent].map(([name, sum]) => [name, sum.calls / pairs]));
  console.log(`d = ${dimension}, shift ${shift}: ${(total / pairs).toFixed(1)} ms a pair`);
  for (const [name, share] of Object.entries({ ...shares, rest }))
    console.log(`  ${name}: ${(100 * share).toFixed(0)} %`);
  return { dimension, shift, msPerPair: total / pairs, shares: { ...shares, rest }, callsPerPair: calls };
});
record("svm-profile", { seed: 1, profiles });
