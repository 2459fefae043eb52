import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, pick, putInteger, replace } from "./draw.ts";

/** Bytes of an operation's argument by its code; "line" up to a line end, 2 lines, or a length of so many bytes. */
const ARGUMENTS: Readonly<Record<number, number | "line" | "lines" | { readonly length: number }>> = {
  128: 1,
  149: 8,
  ...{ 75: 1, 77: 2, 74: 4, 138: { length: 1 }, 139: { length: 4 }, 71: 8 },
  ...{ 73: "line", 76: "line", 70: "line", 83: "line", 86: "line", 112: "line", 103: "line", 99: "lines" },
  ...{ 84: { length: 4 }, 85: { length: 1 }, 66: { length: 4 }, 67: { length: 1 }, 142: { length: 8 } },
  ...{ 150: { length: 8 }, 88: { length: 4 }, 140: { length: 1 }, 141: { length: 8 } },
  ...{ 113: 1, 114: 4, 104: 1, 106: 4 },
};
/** Every code that pickle knows. */
const CODES: readonly number[] = [
  ...[40, 46, 48, 49, 50, 70, 73, 74, 75, 76, 77, 78, 80, 81, 82, 83, 84, 85, 86, 88, 66, 67, 71, 97, 98, 99],
  ...[100, 101, 103, 104, 105, 106, 108, 111, 112, 113, 114, 115, 116, 117, 41, 93, 125, 128, 129, 130, 131],
  ...[
    132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 149, 150, 151, 152,
  ],
];

interface Operation {
  readonly code: number;
  readonly at: number;
  readonly end: number;
}

function operations(bytes: Buffer): Operation[] {
  const out: Operation[] = [];
  for (let at = 0; at < bytes.length && out.length < 5000; ) {
    const code = bytes[at];
    const argument = ARGUMENTS[code] ?? 0;
    let end = at + 1;
    if (typeof argument === "number") end += argument;
    else if (argument === "line" || argument === "lines") {
      for (let lines = argument === "line" ? 1 : 2; lines > 0; lines--) {
        const found = bytes.indexOf(10, end);
        end = found < 0 ? bytes.length : found + 1;
      }
    } else if (at + 1 + argument.length <= bytes.length) {
      const length =
        argument.length === 8
          ? Number(bytes.readBigUInt64LE(at + 1))
          : bytes.readUIntLE(at + 1, argument.length);
      end += argument.length + length;
    }
    end = Math.min(end, bytes.length);
    out.push({ code, at, end });
    at = end;
  }
  return out;
}

/** An operation with an argument of its size. */
function anyOperation(random: Random): Buffer {
  const code = pick(random, CODES);
  const argument = ARGUMENTS[code] ?? 0;
  if (argument === "line") return Buffer.from(`${String.fromCharCode(code)}${draw(random, 100)}\n`, "latin1");
  if (argument === "lines")
    return Buffer.from(
      `c${pick(random, ["os", "numpy", "builtins"])}\n${pick(random, ["system", "ndarray", "list"])}\n`,
    );
  if (typeof argument === "number") {
    const bytes = Buffer.alloc(1 + argument, draw(random, 4));
    bytes[0] = code;
    return bytes;
  }
  const text = Buffer.alloc(draw(random, 9), 65);
  const head = Buffer.alloc(1 + argument.length);
  head[0] = code;
  putInteger(head, 1, argument.length, BigInt(text.length), true);
  return Buffer.concat([head, text]);
}

const onOperations = (
  name: string,
  change: (bytes: Buffer, all: readonly Operation[], random: Random) => Buffer | null,
): Mutator => ({
  name,
  apply: (bytes, random) => {
    const all = operations(bytes);
    return all.length < 2 ? null : change(bytes, all, random);
  },
});

/** Changes of a pickle's operations. */
export const PICKLE: readonly Mutator[] = [
  onOperations("pickle operation new", (bytes, all, random) =>
    replace(bytes, pick(random, all).at, 0, anyOperation(random)),
  ),
  onOperations("pickle operation other", (bytes, all, random) => {
    const { at, end } = pick(random, all);
    return replace(bytes, at, end - at, anyOperation(random));
  }),
  onOperations("pickle operation away", (bytes, all, random) => {
    const { at, end } = pick(random, all);
    return replace(bytes, at, end - at, Buffer.alloc(0));
  }),
  onOperations("pickle operations again", (bytes, all, random) => {
    const from = draw(random, all.length);
    const to = Math.min(all.length - 1, from + draw(random, 12));
    const piece = bytes.subarray(all[from].at, all[to].end);
    const times = random() < 0.2 ? pick(random, [30, 1000]) : 1;
    return replace(bytes, pick(random, all).at, 0, Buffer.concat(new Array<Buffer>(times).fill(piece)));
  }),
  onOperations("pickle argument", (bytes, all, random) => {
    const { at, end } = pick(random, all);
    if (end - at < 2) return null;
    const out = Buffer.from(bytes);
    const width = Math.min(pick(random, [1, 2, 4, 8]), end - at - 1);
    putInteger(out, at + 1, width, BigInt(pick(random, [0, 1, 2, 255, 65_536, 2 ** 31, 2 ** 40])), true);
    return out;
  }),
  onOperations("pickle recall", (bytes, all, random) => {
    // What stands on the stack is put down and taken up again, many times over.
    const { at } = pick(random, all.slice(1));
    const piece = Buffer.from([0x94, 0x28, ...new Array<number>(2 + draw(random, 20)).fill(0x32), 0x6c]);
    return replace(bytes, at, 0, Buffer.concat(new Array<Buffer>(pick(random, [1, 20, 500])).fill(piece)));
  }),
];
