import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, NUMBERS, pick, replace } from "./draw.ts";

/** Texts that programs stumble over. */
export const ODD_TEXTS: readonly string[] = [
  ...["", " ", "\0", "\u001b[31m", "\r", "\n", "\t", "\u2028", "\u202e", "\ufeff", "\ufffd", "\ud800"],
  ...["nan", "NaN", "inf", "-inf", "1e999", "-1", "1e-320", "0x10", "1_000", "١٢", "None", "null", "true"],
  ...["__proto__", "constructor", "toString", "../../../etc/passwd", "/dev/zero", "/dev/stdin", "."],
  ...["=1+1", "@SUM(A1)", "a".repeat(70_000), "😀".repeat(300), "%s%n", "'; --", '"', ",", ";", "|"],
];

/** A number as it may be written. */
export const oddNumber = (random: Random) =>
  random() < 0.7
    ? String(pick(random, NUMBERS))
    : pick(random, ["1e308", "1e400", "-0", "0.5", "1e-9", "00", "+1"]);

/** Changes the value of a number somewhere in a text. */
export const TEXT_NUMBER: Mutator = {
  name: "number in text",
  apply: (bytes, random) => {
    const found = [...bytes.toString("latin1").matchAll(/-?\d+(\.\d+)?/g)];
    if (found.length === 0) return null;
    const at = pick(random, found);
    return replace(bytes, at.index, at[0].length, Buffer.from(oddNumber(random)));
  },
};

export const TEXT_ODD: Mutator = {
  name: "odd text",
  apply: (bytes, random) =>
    replace(bytes, draw(random, bytes.length + 1), 0, Buffer.from(pick(random, ODD_TEXTS))),
};

/** Changes of a CSV: cells, quotes, separators, lines. */
export const CSV: readonly Mutator[] = [
  TEXT_NUMBER,
  TEXT_ODD,
  cells("csv cell", (rows, random) => {
    const row = pick(random, rows);
    row[draw(random, row.length)] = random() < 0.5 ? pick(random, ODD_TEXTS) : oddNumber(random);
  }),
  cells("csv quoted cell", (rows, random) => {
    const row = pick(random, rows);
    const inside = pick(random, ODD_TEXTS);
    row[draw(random, row.length)] = pick(random, [`"${inside}"`, `"${inside}`, `${inside}"`, `""${inside}"`]);
  }),
  cells("csv ragged row", (rows, random) => {
    const row = pick(random, rows);
    if (random() < 0.5) row.pop();
    else row.push(...new Array<string>(random() < 0.1 ? 50_000 : 1 + draw(random, 3)).fill("x"));
  }),
  cells("csv row", (rows, random) => {
    const at = draw(random, rows.length);
    if (random() < 0.4) rows.splice(at, 1);
    else rows.splice(at, 0, ...new Array<string[]>(random() < 0.1 ? 2000 : 1).fill(pick(random, rows)));
  }),
  cells("csv column", (rows, random) => {
    const at = draw(random, rows[0].length);
    const twice = random() < 0.5;
    for (const row of rows) row.splice(at, twice ? 0 : 1, ...(twice ? [row[at] ?? ""] : []));
  }),
  cells("csv name", (rows, random) => {
    rows[0][draw(random, rows[0].length)] = random() < 0.5 ? pick(random, rows[0]) : pick(random, ODD_TEXTS);
  }),
  {
    name: "csv separators",
    apply: (bytes, random) =>
      Buffer.from(
        bytes.toString("latin1").replaceAll(",", pick(random, [";", "\t", "|", "", ",,"])),
        "latin1",
      ),
  },
  {
    name: "csv encoding",
    apply: (bytes, random) => {
      const text = bytes.toString("utf8");
      const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
      return pick(random, [
        utf16,
        utf16.subarray(0, utf16.length - 1),
        utf16.subarray(2),
        Buffer.from(utf16.subarray(0, utf16.length & ~1)).swap16(),
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
        Buffer.from(text.replaceAll("\n", "\r\n")),
        Buffer.from(text.replaceAll("\n", "\r")),
      ]);
    },
  },
];

function cells(name: string, change: (rows: string[][], random: Random) => void): Mutator {
  return {
    name,
    apply: (bytes, random) => {
      const rows = bytes
        .toString("utf8")
        .split("\n")
        .map((line) => line.split(","));
      change(rows, random);
      return Buffer.from(rows.map((row) => row.join(",")).join("\n"));
    },
  };
}

/** Changes of XML: attributes, elements, nesting, entities. */
export const XML: readonly Mutator[] = [
  TEXT_NUMBER,
  TEXT_ODD,
  found("xml attribute", /\s[\w:]+="[^"]*"/g, (at, random) =>
    pick(random, [
      "",
      at + at,
      at.replace(/"[^"]*"/, `"${pick(random, ODD_TEXTS).replaceAll('"', "")}"`),
      at.replace(/"[^"]*"/, `"${oddNumber(random)}"`),
      at.slice(0, -1),
    ]),
  ),
  found("xml element", /<[^>]+>/g, (at, random) =>
    pick(random, ["", at + at, at.slice(0, -1), `${at}<!--`, at.repeat(random() < 0.1 ? 3000 : 3), "</OME>"]),
  ),
  {
    name: "xml entities",
    apply: (bytes, random) => {
      const deep = Array.from({ length: 12 }, (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`);
      const head = `<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a0 "x">${deep.join("")}]>`;
      const text = bytes.toString("utf8").replace(/^<\?xml[^>]*\?>/, "");
      return Buffer.from(head + text.replace(/Name="[^"]*"/, `Name="&a${pick(random, [2, 8, 12])};"`));
    },
  },
];

function found(name: string, what: RegExp, change: (at: string, random: Random) => string): Mutator {
  return {
    name,
    apply: (bytes, random) => {
      const text = bytes.toString("latin1");
      const all = [...text.matchAll(what)];
      if (all.length === 0) return null;
      const at = pick(random, all);
      return Buffer.from(
        text.slice(0, at.index) + change(at[0], random) + text.slice(at.index + at[0].length),
        "latin1",
      );
    },
  };
}
