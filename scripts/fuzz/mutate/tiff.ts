import { deflateSync, inflateSync } from "node:zlib";
import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, getInteger, otherNumber, pick, putInteger, replace } from "./draw.ts";

interface Layout {
  readonly big: boolean;
  readonly little: boolean;
  /** Where each list of tags starts and how many it has. */
  readonly lists: readonly { readonly at: number; readonly entries: number; readonly next: number }[];
  readonly step: number;
}

const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

function layoutOf(bytes: Buffer): Layout | null {
  const order = bytes.toString("latin1", 0, 2);
  if (bytes.length < 16 || (order !== "II" && order !== "MM")) return null;
  const little = order === "II";
  const big = getInteger(bytes, 2, 2, little) === 43n;
  const [word, head, step] = big ? [8, 8, 20] : [4, 2, 12];
  const lists: Layout["lists"][number][] = [];
  let at = Number(getInteger(bytes, big ? 8 : 4, word, little));
  while (at > 0 && at + head <= bytes.length && lists.length < 20) {
    const entries = Number(getInteger(bytes, at, head, little));
    const next = at + head + entries * step;
    if (entries > 1000 || next + word > bytes.length) break;
    lists.push({ at: at + head, entries, next });
    at = Number(getInteger(bytes, next, word, little));
  }
  return lists.length === 0 ? null : { big, little, lists, step };
}

/** The values of a tag as [place, width] of each, for tags of whole numbers. */
function values(bytes: Buffer, { big, little }: Layout, entry: number): { at: number; width: number }[] {
  const width = SIZES[Number(getInteger(bytes, entry + 2, 2, little))] ?? 0;
  const count = Number(getInteger(bytes, entry + 4, big ? 8 : 4, little));
  if (width === 0 || count > 10_000) return [];
  const word = big ? 8 : 4;
  const inline = entry + 4 + word;
  const from = width * count <= word ? inline : Number(getInteger(bytes, inline, word, little));
  const out = [];
  for (let i = 0; i < count && from + (i + 1) * width <= bytes.length; i++)
    out.push({ at: from + i * width, width });
  return out;
}

const anyEntry = (random: Random, { lists, step }: Layout) => {
  const list = pick(random, lists);
  return list.at + draw(random, Math.max(1, list.entries)) * step;
};

const findTag = (bytes: Buffer, layout: Layout, tag: number): number | null => {
  for (const { at, entries } of layout.lists)
    for (let i = 0; i < entries; i++)
      if (Number(getInteger(bytes, at + i * layout.step, 2, layout.little)) === tag)
        return at + i * layout.step;
  return null;
};

/** Tags that decide how pixels are read. */
const TAGS = [
  ...[254, 256, 257, 258, 259, 262, 266, 270, 273, 277, 278, 279],
  ...[284, 317, 322, 323, 324, 325, 330, 338, 339, 347],
];
const COMPRESSIONS = [1n, 2n, 3n, 5n, 6n, 7n, 8n, 32773n, 32946n, 34925n, 50000n, 50001n];

const within = (
  name: string,
  change: (out: Buffer, layout: Layout, random: Random) => Buffer | null,
): Mutator => ({
  name,
  apply: (bytes, random) => {
    const layout = layoutOf(bytes);
    return layout === null ? null : change(Buffer.from(bytes), layout, random);
  },
});

/** Changes of a TIFF's tags, lists of tags, and strips; packed strips are packed anew. */
export const TIFF: readonly Mutator[] = [
  within("tiff value", (out, layout, random) => {
    const entry = anyEntry(random, layout);
    const found = values(out, layout, entry);
    if (found.length === 0) return null;
    const { at, width } = pick(random, found);
    const old = getInteger(out, at, width, layout.little);
    putInteger(out, at, width, otherNumber(random, old), layout.little);
    return out;
  }),
  within("tiff wanted tag", (out, layout, random) => {
    const entry = findTag(out, layout, pick(random, TAGS));
    if (entry === null) return null;
    for (const { at, width } of values(out, layout, entry).slice(0, 1 + draw(random, 5)))
      putInteger(
        out,
        at,
        width,
        otherNumber(random, getInteger(out, at, width, layout.little)),
        layout.little,
      );
    return out;
  }),
  within("tiff compression", (out, layout, random) => {
    const entry = findTag(out, layout, 259);
    if (entry === null) return null;
    const [first] = values(out, layout, entry);
    if (first === undefined) return null;
    putInteger(out, first.at, first.width, pick(random, COMPRESSIONS), layout.little);
    return out;
  }),
  within("tiff entry", (out, layout, random) => {
    const entry = anyEntry(random, layout);
    const { little, big } = layout;
    const kind = draw(random, 4);
    if (kind === 0) putInteger(out, entry, 2, BigInt(pick(random, TAGS)), little);
    else if (kind === 1) putInteger(out, entry + 2, 2, BigInt(draw(random, 20)), little);
    else if (kind === 2) {
      const width = big ? 8 : 4;
      putInteger(
        out,
        entry + 4,
        width,
        otherNumber(random, getInteger(out, entry + 4, width, little)),
        little,
      );
    } else {
      const at = entry + (big ? 12 : 8);
      putInteger(out, at, big ? 8 : 4, BigInt(draw(random, out.length + 8)), little);
    }
    return out;
  }),
  within("tiff tags in tiles", (out, layout, random) => {
    const [from, to] = pick(random, [
      [273, 324],
      [279, 325],
      [324, 273],
      [325, 279],
      [278, 323],
      [322, 278],
    ]);
    const entry = findTag(out, layout, from);
    if (entry === null) return null;
    putInteger(out, entry, 2, BigInt(to), layout.little);
    return out;
  }),
  within("tiff repeated entry", (out, layout, random) => {
    const list = pick(random, layout.lists);
    const from = anyEntry(random, layout);
    const to = list.at + draw(random, Math.max(1, list.entries)) * layout.step;
    out.copy(out, to, from, from + layout.step);
    return out;
  }),
  within("tiff next page", (out, layout, random) => {
    const list = pick(random, layout.lists);
    const width = layout.big ? 8 : 4;
    const target =
      random() < 0.6 ? pick(random, layout.lists).at - (layout.big ? 8 : 2) : draw(random, out.length);
    putInteger(out, list.next, width, BigInt(target), layout.little);
    return out;
  }),
  within("tiff tag count", (out, layout, random) => {
    const list = pick(random, layout.lists);
    const width = layout.big ? 8 : 2;
    putInteger(out, list.at - width, width, otherNumber(random, BigInt(list.entries)), layout.little);
    return out;
  }),
  within("tiff pixels", (out, layout, random) => {
    const strip = anyStrip(out, layout, random);
    if (strip === null) return null;
    for (let i = 1 + draw(random, 4); i > 0; i--)
      out[strip.at + draw(random, strip.size)] = draw(random, 256);
    return out;
  }),
  within("tiff strip end", (out, layout, random) => {
    const strip = anyStrip(out, layout, random);
    if (strip === null) return null;
    const less = random() < 0.3 ? 0 : draw(random, strip.size);
    putInteger(out, strip.sizeAt, strip.sizeWidth, BigInt(less), layout.little);
    return out;
  }),
  within("tiff packed anew", (out, layout, random) => {
    const strip = anyStrip(out, layout, random);
    if (strip === null) return null;
    let raw: Buffer;
    try {
      raw = inflateSync(out.subarray(strip.at, strip.at + strip.size), { maxOutputLength: 1 << 20 });
    } catch {
      return null;
    }
    const kind = draw(random, 4);
    if (kind === 0) raw = raw.subarray(0, draw(random, raw.length));
    else if (kind === 1) raw = Buffer.concat([raw, Buffer.alloc(draw(random, 1 << 17))]);
    else raw[draw(random, raw.length)] ^= 255;
    const packed = kind === 2 ? Buffer.alloc(0) : deflateSync(raw);
    putInteger(out, strip.sizeAt, strip.sizeWidth, BigInt(packed.length), layout.little);
    putInteger(out, strip.offsetAt, strip.offsetWidth, BigInt(out.length), layout.little);
    return Buffer.concat([out, packed]);
  }),
  within("tiff description", (out, layout, random) => {
    const entry = findTag(out, layout, 270);
    if (entry === null) return null;
    const text = values(out, layout, entry);
    if (text.length < 8) return null;
    const at = text[draw(random, text.length)].at;
    return replace(out, at, 1, Buffer.from(pick(random, ["9", "0", '"', "<", ">", "&", "-", "\0", "="])));
  }),
];

function anyStrip(bytes: Buffer, layout: Layout, random: Random) {
  const offsets = findTag(bytes, layout, 273) ?? findTag(bytes, layout, 324);
  const sizes = findTag(bytes, layout, 279) ?? findTag(bytes, layout, 325);
  if (offsets === null || sizes === null) return null;
  const [at, size] = [values(bytes, layout, offsets), values(bytes, layout, sizes)];
  if (at.length === 0 || size.length === 0) return null;
  const i = draw(random, Math.min(at.length, size.length));
  const start = Number(getInteger(bytes, at[i].at, at[i].width, layout.little));
  const length = Number(getInteger(bytes, size[i].at, size[i].width, layout.little));
  if (length === 0 || start + length > bytes.length) return null;
  return {
    ...{ at: start, size: length, offsetAt: at[i].at, offsetWidth: at[i].width },
    ...{ sizeAt: size[i].at, sizeWidth: size[i].width },
  };
}
