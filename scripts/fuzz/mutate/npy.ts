import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { pick } from "./draw.ts";
import { ODD_TEXTS, oddNumber } from "./text.ts";

const TYPES = [
  "<f4",
  ">f8",
  "|u1",
  "<i8",
  "|O",
  "<U4",
  "|S9",
  "<c8",
  "<f16",
  "|b1",
  "<M8[ns]",
  "f4",
  "<V4",
  "[('a','<f4')]",
];

/** The header's text changed, its length written right (or not). */
const onHeader = (name: string, change: (text: string, random: Random) => string): Mutator => ({
  name,
  apply: (bytes, random) => {
    if (bytes.length < 12 || bytes.toString("latin1", 0, 6) !== "\x93NUMPY") return null;
    const wide = bytes[6] >= 2;
    const start = wide ? 12 : 10;
    const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
    const text = change(bytes.toString("latin1", start, start + length), random).slice(0, 65_000);
    const head = Buffer.from(bytes.subarray(0, start));
    const said = random() < 0.9 ? text.length : text.length + pick(random, [-1, 1, 64, 1000, 60_000]);
    if (wide) head.writeUInt32LE(Math.max(0, said), 8);
    else head.writeUInt16LE(Math.min(65_535, Math.max(0, said)), 8);
    return Buffer.concat([head, Buffer.from(text, "latin1"), bytes.subarray(start + length)]);
  },
});

/** Changes of a .npy file's header. */
export const NPY: readonly Mutator[] = [
  onHeader("npy shape", (text, random) =>
    text.replace(/\(([^)]*)\)/, (_, inside: string) => {
      const numbers = inside.split(",").filter((s) => s.trim() !== "");
      const kind = random();
      if (kind < 0.5 && numbers.length > 0)
        numbers[Math.floor(random() * numbers.length)] = oddNumber(random);
      else if (kind < 0.6) numbers.push(pick(random, ["1", "0", "2"]));
      else if (kind < 0.7) numbers.pop();
      else if (kind < 0.8) numbers.push(...new Array<string>(pick(random, [31, 40, 5000])).fill("1"));
      else if (kind < 0.9) numbers.reverse();
      else numbers.push(pick(random, ODD_TEXTS).slice(0, 100));
      return `(${numbers.join(", ")},)`;
    }),
  ),
  onHeader("npy type", (text, random) =>
    text.replace(/'descr':\s*'[^']*'/, `'descr': '${pick(random, TYPES)}'`),
  ),
  onHeader("npy order", (text) => text.replace("False", "True")),
  onHeader("npy keys", (text, random) =>
    text.replace(pick(random, ["'descr'", "'shape'", "'fortran_order'", "{", "}", "(", ")"]), () =>
      pick(random, ODD_TEXTS).slice(0, 1000),
    ),
  ),
];
