import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Split, stratifiedSplit } from "../../src/evaluate/split.ts";

/** What scikit-learn's SVC made of one drawn pair. */
export interface PairCase {
  readonly name: string;
  readonly first: number;
  readonly second: number;
  readonly dimension: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly accuracy: number[];
  readonly objective: number[];
  readonly predicted: string;
  readonly nearest: number[];
}

export function floats(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(resolve(import.meta.dirname, "../fixtures/evaluate", name), "utf8")) as T;
}

export function pairCases(): PairCase[] {
  return fixture<(PairCase & { features: string })[]>("pairs.json").map((c) => {
    const all = floats(c.features);
    return { ...c, a: all.subarray(0, c.first * c.dimension), b: all.subarray(c.first * c.dimension) };
  });
}

/** Stratified folds of a pair of feature matrices. */
export function folded(a: Float32Array, b: Float32Array, dimension: number, count = 5): Split[] {
  return stratifiedSplit([a.length / dimension, b.length / dimension], count);
}
