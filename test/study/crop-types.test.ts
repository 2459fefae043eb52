import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { type CropType, type CropValues, convertCrop } from "../../src/cells/crop-type.ts";
import { type CellPixels, importCells } from "../../src/cells/importer.ts";
import { CellStore } from "../../src/cells/store.ts";
import { main } from "../../src/commands/main.ts";
import { encodeFloat16 } from "../../src/core/float16.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-crop-types-"));
const drawn = join(base, "drawn");
drawCells(drawn, { cellsPerClass: 16, fields: 4, repeated: true });
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** How far the drawn values (100 to 1,500) are brought down before they are rounded. */
const STEP = { uint8: 8, uint16: 1, float16: 2, float32: 1 } as const;

/** Cells that are drawn in whole numbers, in a type of their own; `as` says the type that the source hands them over in. */
async function imported(type: CropType, as: CropType): Promise<{ path: string; notes: readonly string[] }> {
  const from = await CellStore.open(drawn);
  const { channels, height, width, count, cells } = from;
  const read = async (cell: number): Promise<CellPixels> => {
    const [values, mask] = [
      new Float32Array(channels.length * height * width),
      new Uint8Array(height * width),
    ];
    from.readCrop(cell, values);
    from.readMask(cell, mask);
    const whole = values.map((v) => Math.round(v / STEP[type]));
    let crop: CropValues = whole;
    if (as === "uint8") crop = Uint8Array.from(whole);
    else if (as === "uint16") crop = Uint16Array.from(whole);
    else if (as === "float16") encodeFloat16(whole, (crop = new Uint16Array(whole.length)));
    expect(convertCrop(crop, as, "float32"), "drawn values fit").toEqual(whole);
    return { height, width, crop, mask, half: as === "float16" };
  };
  const path = join(base, type, as);
  const record = (cell: number) => ({
    Metadata_Cell: cells.id[cell],
    Metadata_Protein: cells.protein![cell],
    Metadata_Field: cells.field[cell],
    Metadata_Localization: cells.localization[cell],
  });
  const source = { source: "drawn", path, channels, masks: "full", count, notes: [], record } as const;
  const { notes } = await importCells({ ...source, file: () => path, read }, path);
  from.close();
  return { path, notes };
}

const sizeOf = (path: string) => statSync(join(path, "crops.npy")).size - 128;

test.each([
  ["uint8", 1],
  ["uint16", 2],
  ["float16", 2],
] as const)("%s crops are kept as such, and read as float32 crops are", async (type, bytes) => {
  const [own, float] = [await imported(type, type), await imported(type, "float32")];
  expect(own.notes).toEqual(float.notes);
  expect(own.notes.join(), "crops that come twice are found").toContain("2 crops have exactly the pixels");
  const [a, b] = [await CellStore.open(own.path), await CellStore.open(float.path)];
  expect([a.header.type, b.header.type]).toEqual([type, "float32"]);
  expect(sizeOf(own.path)).toBe((sizeOf(float.path) * bytes) / 4);
  const [x, y] = [new Float32Array(2 * 32 * 32), new Float32Array(2 * 32 * 32)];
  for (let cell = 0; cell < a.count; cell++) {
    a.readCrop(cell, x);
    b.readCrop(cell, y);
    expect(new Uint32Array(x.buffer)).toEqual(new Uint32Array(y.buffer));
  }
  for (const name of ["masks.npy", "quality.csv", "metadata.parquet"])
    expect(a.header.hashes[name]).toBe(b.header.hashes[name]);
  a.close();
  b.close();
});

/** What a folder holds, names without the keys that the hash of the cells goes into; `cells.parquet` names files by them, sums start from them. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    files
      .filter(
        (name) => /\.(npy|csv|parquet)$/.test(name) && !/view|record|cells\.parquet|\.sums\.npy/.test(name),
      )
      .map((name) => [
        name.replace(/[0-9a-f]{8,}/g, "KEY"),
        readFileSync(join(folder, name)).toString("base64"),
      ]),
  );
}

test("scales, composites, features, masks and tables are those of float32 crops, byte for byte", async () => {
  vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  writeEncoder(base, { name: "tiny" });
  const found: Record<string, string>[] = [];
  for (const as of ["uint16", "float32"] as const) {
    const { path } = await imported("uint16", as);
    const out = join(base, `out-${as}`);
    const study = writeStudy(join(base, `${as}.json`), { cells: path, intensity: "field" });
    expect(await main(["run", study, "--out", out, "--workers", "1"])).toBe(0);
    const composites = join(base, `composites-${as}`);
    expect(await main(["export", "composites", study, "--out", composites])).toBe(0);
    expect(await main(["segment", path, "--channel", "GFP", "--force", "--workers", "1"])).toBe(0);
    const masks = readFileSync(join(path, "masks.npy")).toString("base64");
    found.push({ ...contents(out), ...contents(composites), masks });
  }
  const names = Object.keys(found[0]);
  expect(names.map((name) => basename(name))).toEqual(
    expect.arrayContaining(["plan.csv", "composites.npy", "effects.csv", "scales.csv"]),
  );
  expect(Object.keys(found[1])).toEqual(names);
  for (const name of names) expect(found[1][name] === found[0][name], name).toBe(true);
});
