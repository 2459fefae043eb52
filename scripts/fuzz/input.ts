import { mulberry32, namedSeed, type Random } from "../../src/core/rng.ts";
import { draw, pick } from "./mutate/draw.ts";
import { GENERIC } from "./mutate/generic.ts";
import type { Input, Reader, Seed } from "./reader.ts";

/** Largest input that is made, bytes. */
const LARGEST = 1 << 22;

/** Makes input `number` of a reader: a seed with one of its files changed once or more, the same for the same numbers. */
export function makeInput(reader: Reader, seeds: readonly Seed[], seed: number, number: number): Input {
  const random = mulberry32(namedSeed(seed, reader.name, number));
  const origin = pick(random, seeds);
  const file = pick(random, origin.changed ?? [...origin.files.keys()]);
  const others = seeds.flatMap((s) => (s === origin ? [] : [...similar(s, file)]));
  let bytes = origin.files.get(file)!;
  const mutators: string[] = [];
  for (let left = random() < 0.7 ? 1 : 2 + draw(random, 3); left > 0; left--) {
    const changed = change(reader, file, bytes, others, random);
    if (changed === null || changed.bytes.length > LARGEST) continue;
    bytes = changed.bytes;
    mutators.push(changed.name);
  }
  const files = new Map(origin.files).set(file, bytes);
  return { reader: reader.name, seed, number, origin, file, mutators, files };
}

/** One change, mostly by what knows the form. */
function change(reader: Reader, file: string, bytes: Buffer, others: readonly Buffer[], random: Random) {
  const own = reader.mutators(file);
  for (let tries = 0; tries < 4; tries++) {
    const mutator = pick(random, own.length > 0 && random() < 0.65 ? own : GENERIC);
    if (bytes.length === 0 && GENERIC.includes(mutator) && mutator.name !== "splice") return null;
    const out = tryTo(() => mutator.apply(bytes, random, others));
    if (out !== null) return { bytes: out, name: mutator.name };
  }
  return null;
}

/** The file of that name, or those of its ending. */
function similar(seed: Seed, file: string): Buffer[] {
  const same = seed.files.get(file);
  if (same !== undefined) return [same];
  const ending = /\.[^./]*$/.exec(file)?.[0] ?? "";
  return [...seed.files].filter(([name]) => name.endsWith(ending)).map(([, bytes]) => bytes);
}

/** What was changed before may be nested too deeply, or too large, to be changed again. */
function tryTo<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
