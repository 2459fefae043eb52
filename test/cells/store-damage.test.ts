import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { checkFiles, INDEX } from "../../src/cells/checked.ts";
import { CropFiles } from "../../src/cells/crops.ts";
import { CellStore, CellStoreWriter, readHeader, type StoreHeader } from "../../src/cells/store.ts";
import { main } from "../../src/commands/main.ts";
import { encoderPath } from "../../src/encode/bundled.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { initEncoder } from "../../src/encode/onnx/draft.ts";
import { runTrial } from "../../src/encode/trial.ts";
import { canonicalJson, sha256 } from "../../src/files/hash.ts";
import { writeCellFeatures } from "../../src/remedy/cell-features.ts";
import { segmentStore } from "../../src/segment/segment-store.ts";
import { exportComposites } from "../../src/study/composites/export.ts";
import { resolveStudy } from "../../src/study/schema.ts";
import { verify } from "../../src/study/verify.ts";
import { runStudy } from "../../src/study.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-damage-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const path = join(scratch, "cells");
const file = (name: string) => join(path, name);

/** A store with every kind of file; other `seed`s give other cells. */
function makeStore(at: string, seed = 0): StoreHeader {
  const shape = { channels: ["GFP", "RFP"], height: 8, width: 8 };
  const writer = new CellStoreWriter(at, shape, "full", "drawn");
  for (let cell = 0; cell < 6; cell++)
    writer.append(
      Float32Array.from({ length: 128 }, (_, i) => seed + cell * 3 + (i % 7)),
      Uint8Array.from({ length: 64 }, (_, i) => (i + cell + seed) % 3),
      {
        Metadata_Cell: `c${cell}`,
        Metadata_Protein: `P${cell + seed}`,
        Metadata_Field: `F${cell % 2}`,
        Metadata_Localization: cell % 2 === 0 ? "nucleus" : "vacuole",
      },
    );
  writer.writeLeftOut({ rows: 1, columns: new Map([["Reason", ["border"]]]) });
  const verdict = ["ok", "ok", "small", "ok", "ok", "large"];
  return writer.finish({
    verdict,
    measures: new Map([["Quality_CenterArea", Float64Array.of(1, 2, 3, 4, 5, seed)]]),
  });
}

const pristine = join(scratch, "pristine");
const HEADER = makeStore(pristine);
const other = join(scratch, "other");
makeStore(other, 1);
const FILES = Object.keys(HEADER.hashes);

beforeEach(() => {
  rmSync(path, { recursive: true, force: true });
  cpSync(pristine, path, { recursive: true });
});

/** Makes the store's index vouch for its files as they are: their clocks would have to be 2 s old. */
async function vouched(): Promise<void> {
  await new Promise((resume) => setTimeout(resume, 2100));
  (await CellStore.open(path, [], { worth: 0 })).close();
  expect(Object.keys(JSON.parse(readFileSync(file(INDEX), "utf8")).files).sort()).toEqual([...FILES].sort());
}

function flip(name: string, at: number): void {
  const bytes = readFileSync(file(name));
  bytes[at] ^= 1 << (at % 8);
  writeFileSync(file(name), bytes);
}

function edit(name: string, change: (text: string) => string): void {
  const before = readFileSync(file(name), "latin1");
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(file(name), after, "latin1");
}

/** Damage by name: what it does and the file that is named. */
const DAMAGE: [string, () => void, string][] = [
  ...FILES.flatMap((name): [string, () => void, string][] => {
    const size = statSync(join(pristine, name)).size;
    const places = [0, Math.floor(size / 3), Math.floor(size / 2), size - 1];
    return [
      ...places.map((at): [string, () => void, string] => [
        `${name}, a bit of byte ${at}`,
        () => flip(name, at),
        name,
      ]),
      [`${name}, cut by a byte`, () => truncateSync(file(name), size - 1), name],
      [`${name}, cut to nothing`, () => truncateSync(file(name), 0), name],
      [`${name}, longer by a byte`, () => writeFileSync(file(name), "\n", { flag: "a" }), name],
      [`${name}, a tail of zeros`, () => zeroTail(name, size), name],
      [`${name}, missing`, () => rmSync(file(name)), name],
      [`${name}, a folder in its place`, () => cpSync(other, replaced(name), { recursive: true }), name],
      ...(name === "left-out.csv" ? [] : [fromOther(name)]),
    ];
  }),
  ["changed verdicts", () => edit("quality.csv", (text) => text.replace("small", "ok")), "quality.csv"],
  ["infinite pixels", () => infinite(), "crops.npy"],
  ["swapped files", () => swap("crops.npy", "masks.npy"), "crops.npy"],
  ["swapped channels", () => edit("cells.json", swapChannels), "cells.json"],
  ["another count", () => edit("cells.json", (t) => t.replace('"count": 6', '"count": 5')), "cells.json"],
  ["another mask kind", () => edit("cells.json", (t) => t.replace('"full"', '"center"')), "cells.json"],
  ["another size", () => edit("cells.json", (t) => t.replace('"height": 8', '"height": 4')), "cells.json"],
  [
    "a diameter",
    () => edit("cells.json", (t) => t.replace('"masks"', '"diameter": 5, "masks"')),
    "cells.json",
  ],
  ["another store's header", () => copyFileSync(join(other, "cells.json"), file("cells.json")), "crops.npy"],
];

/** When each file of the store was written last, and how large it is. */
const states = () =>
  readdirSync(path).map((name) => {
    const { size, mtimeNs } = statSync(file(name), { bigint: true });
    return [name, size, mtimeNs];
  });

function fromOther(name: string): [string, () => void, string] {
  return [`${name}, another store's`, () => copyFileSync(join(other, name), file(name)), name];
}

function replaced(name: string): string {
  rmSync(file(name));
  return file(name);
}

function zeroTail(name: string, size: number): void {
  const tail = Math.min(64, size >> 1);
  truncateSync(file(name), size - tail);
  truncateSync(file(name), size);
}

function infinite(): void {
  const bytes = readFileSync(file("crops.npy"));
  bytes.writeFloatLE(Number.POSITIVE_INFINITY, bytes.length - 8);
  writeFileSync(file("crops.npy"), bytes);
}

function swap(a: string, b: string): void {
  renameSync(file(a), file("x"));
  renameSync(file(b), file(a));
  renameSync(file("x"), file(b));
}

function swapChannels(text: string): string {
  return text.replace('"GFP"', '"X"').replace('"RFP"', '"GFP"').replace('"X"', '"RFP"');
}

const study = () =>
  resolveStudy(
    { cells: path, encoders: ["deeploc"], cellsPerClass: 2 },
    scratch,
    join(scratch, "study.json"),
  );
const deeploc = readEncoder(encoderPath("deeploc", scratch, "study.json"));

/** Everything that opens a store. */
const COMMANDS: Record<string, () => Promise<unknown>> = {
  run: () => runStudy(study(), { out: join(scratch, "out"), workers: 1 }),
  "export composites": () => exportComposites(study(), { out: join(scratch, "out"), workers: 1 }),
  features: () => writeCellFeatures(path, deeploc, { out: join(scratch, "out.parquet"), workers: 1 }),
  "encoder try": () => runTrial(deeploc, path),
  segment: () => segmentStore(path, { neighbors: true, force: true, workers: 1 }),
};

describe.each(DAMAGE)("%s", (_, damage, name) => {
  test("is refused by name by every command, which leaves the store as it was", async () => {
    damage();
    const before = states();
    const line = new RegExp(`^${file(name)}: .*; restore it from a copy, or .*import the cells again`);
    for (const [command, use] of Object.entries(COMMANDS)) {
      const message = await use().then(
        () => "nothing was noticed",
        (error: Error) => error.message,
      );
      expect(message, command).toMatch(line);
      expect(message.includes("\n"), command).toBe(false);
    }
    const found = await verify(path);
    expect(found.files.filter((f) => f.fault !== null).map((f) => f.path)).toContain(file(name));
    expect(states()).toEqual(before);
    expect(readdirSync(scratch).sort()).toEqual(["cells", "other", "pristine"]);
  });
});

test("a description is not drafted for a store with a damaged header", async () => {
  edit("cells.json", swapChannels);
  const model = (deeploc as { modelPath: string }).modelPath;
  const draft = initEncoder(model, { cells: path, out: join(scratch, "draft.json") } as never);
  await expect(draft).rejects.toThrow(/cells.json: was changed after it was written/);
});

describe("what was checked once", () => {
  test("is not read again, until it changes in any way", async () => {
    await vouched();
    const read: number[] = [];
    const check = () => checkFiles(path, HEADER, FILES, { onProgress: (done) => read.push(done) });
    await check();
    expect(read).toEqual([]);
    const { atime, mtime } = statSync(file("crops.npy"));
    flip("crops.npy", 200);
    utimesSync(file("crops.npy"), atime, mtime);
    await expect(check()).rejects.toThrow(/crops.npy: is damaged or was changed/);
    flip("crops.npy", 200);
    await check();
    expect(read.length).toBeGreaterThan(0);
  });

  test("is not remembered where reading it again costs nothing", async () => {
    await new Promise((resume) => setTimeout(resume, 2100));
    (await CellStore.open(path)).close();
    expect(existsSync(file(INDEX))).toBe(false);
  });

  test("is not believed just after it was written, as its clock may stand still", async () => {
    (await CellStore.open(path, [], { worth: 0 })).close();
    expect(existsSync(file(INDEX))).toBe(false);
  });

  test("is forgotten where the index is damaged, of another header or from another folder", async () => {
    await vouched();
    const index = readFileSync(file(INDEX), "utf8");
    flip("masks.npy", 200);
    const state = statSync(file("masks.npy"), { bigint: true });
    const forged = JSON.parse(index);
    forged.files["masks.npy"] = [state.dev, state.ino, state.size, state.mtimeNs, state.ctimeNs].join(" ");
    for (const text of [JSON.stringify(forged), index.slice(0, 80), "null", "[]", "{", "\0"]) {
      writeFileSync(file(INDEX), text);
      await expect(CellStore.open(path)).rejects.toThrow(/masks.npy: is damaged/);
    }
    const { sum: _, ...rest } = { ...forged, header: sha256("another") };
    writeFileSync(file(INDEX), JSON.stringify({ ...rest, sum: sha256(canonicalJson(rest)) }));
    await expect(CellStore.open(path)).rejects.toThrow(/masks.npy: is damaged/);
  });

  test("is read by verify, whatever is remembered", async () => {
    await vouched();
    const { sum: _, ...index } = JSON.parse(readFileSync(file(INDEX), "utf8"));
    flip("metadata.parquet", 30);
    const state = statSync(file("metadata.parquet"), { bigint: true });
    index.files["metadata.parquet"] = [state.dev, state.ino, state.size, state.mtimeNs, state.ctimeNs].join(
      " ",
    );
    writeFileSync(file(INDEX), JSON.stringify({ ...index, sum: sha256(canonicalJson(index)) }));
    const { files } = await verify(path);
    expect(files.filter((f) => f.fault !== null).map((f) => f.path)).toEqual([file("metadata.parquet")]);
  });

  test("is never written through a link", async () => {
    const elsewhere = join(scratch, "elsewhere");
    writeFileSync(elsewhere, "mine");
    symlinkSync(elsewhere, file(INDEX));
    await new Promise((resume) => setTimeout(resume, 2100));
    (await CellStore.open(path, [], { worth: 0 })).close();
    expect(readFileSync(elsewhere, "utf8")).toBe("mine");
    rmSync(elsewhere);
  });
});

test("a store that changes while it is in use is noticed, one that only gets another link is not", async () => {
  const store = await CellStore.open(path);
  linkSync(file("crops.npy"), file("backup"));
  store.checkUnchanged();
  new CropFiles(store.checked).close();
  flip("crops.npy", 300);
  expect(() => store.checkUnchanged()).toThrow(/crops.npy: was changed while it was in use/);
  expect(() => new CropFiles(store.checked)).toThrow(/crops.npy: was changed while it was in use/);
  store.close();
});

test("masks that are damaged can be made anew", async () => {
  flip("masks.npy", 200);
  flip("quality.csv", 20);
  await expect(segmentStore(path, { force: true, workers: 1, diameter: 4 })).rejects.toThrow(
    /no usable cell/,
  );
});

test("the command says of each store whether it is whole, and names what is damaged", async () => {
  flip("crops.npy", 300);
  rmSync(file("masks.npy"));
  const printed: string[] = [];
  const errors: string[] = [];
  const [log, error] = [console.log, console.error];
  console.log = (text: string) => void printed.push(text);
  console.error = (text: string) => void errors.push(text);
  try {
    expect(await main(["verify", path, other])).toBe(1);
    expect(await main(["verify", other, "--json"])).toBe(0);
    expect(await main(["verify", scratch])).toBe(1);
  } finally {
    Object.assign(console, { log, error });
  }
  expect(printed[0].split("\n")).toEqual([
    `${path} (cell store): 2 of 6 files damaged or missing`,
    `${other} (cell store): 6 files, all as they were written`,
  ]);
  expect(errors).toEqual([
    expect.stringMatching(/^cellswap: .*crops.npy: is damaged or was changed .*; restore it from a copy, or/),
    `cellswap: ${file("masks.npy")}: is not there; restore it from a copy, or import the cells again`,
    expect.stringMatching(/^cellswap: .*: holds nothing that can be verified; give a folder with cells.json/),
  ]);
  const [said] = JSON.parse(printed[1]);
  expect(said).toMatchObject({ path: other, kind: "cell store" });
  expect(
    said.files.map(({ path: of, fault }: { path: string; fault: string | null }) => [of, fault]),
  ).toEqual(["cells.json", ...FILES].map((name) => [join(other, name), null]));
});

test("damaged headers are one line each", () => {
  const good = readFileSync(file("cells.json"), "utf8");
  const header = JSON.parse(good);
  const texts = [
    ...["", "null", "[]", "7", '"x"', "{", good.slice(0, -3), `${good}}`, "\0\0"],
    ...Object.keys(header).flatMap((key) =>
      [null, {}, [], -1, "\u001b[2J", "x".repeat(1e5), [[]], true].map((value) =>
        JSON.stringify({ ...header, [key]: value }),
      ),
    ),
    good.replace('"count": 6', '"count": 1e999'),
    good.replace('"count": 6', `"count": ${"[".repeat(1e5)}${"]".repeat(1e5)}`),
    ...Object.keys(header).map((key) => JSON.stringify({ ...header, [key]: undefined })),
    JSON.stringify({ ...header, more: 1 }),
    JSON.stringify({ ...header, hashes: { ...header.hashes, "../../secret": HEADER.sum } }),
  ];
  for (const text of texts) {
    writeFileSync(file("cells.json"), text);
    const read = () => readHeader(path);
    expect(read, text.slice(0, 300)).toThrow(/^.*cells.json: .*; .*$/);
    try {
      read();
    } catch (error) {
      expect((error as Error).name).toBe("DataError");
      expect((error as Error).message.length).toBeLessThan(400);
      expect((error as Error).message).not.toMatch(/\p{Cc}/u);
    }
  }
});

const hostile = resolve(import.meta.dirname, "../../../shared/hostile/fail/store");
const mutated = existsSync(hostile) ? readdirSync(hostile) : [];

/** Which files of a store a mutated one may have been. */
function kinds(bytes: Buffer): readonly string[] {
  const start = bytes.toString("latin1", 0, 4);
  if (start === "PAR1") return ["metadata.parquet"];
  if (start === "\x93NUM") return ["crops.npy", "masks.npy"];
  return start.startsWith("{") ? ["cells.json"] : ["quality.csv"];
}

describe.skipIf(mutated.length === 0)("mutated files that were read once, or brought the reader down", () => {
  test.each(mutated)("%s is refused in one line", async (name) => {
    const bytes = readFileSync(join(hostile, name));
    for (const kind of kinds(bytes)) {
      rmSync(path, { recursive: true, force: true });
      cpSync(pristine, path, { recursive: true });
      writeFileSync(file(kind), bytes);
      const error: Error = await CellStore.open(path).then(
        () => new Error("was read"),
        (e: Error) => e,
      );
      expect(error.name).toBe("DataError");
      expect(error.message).toMatch(new RegExp(`^${file(kind)}: .*; .*import the cells again$`));
      expect(error.message).not.toMatch(/\p{Cc}/u);
      expect((await verify(path)).files.filter((f) => f.fault !== null).length).toBe(1);
    }
  });
});
