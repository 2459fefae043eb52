import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { sealed } from "../../src/cells/header.ts";
import { discardStaged, replaceMasks, stageMasks } from "../../src/cells/replace.ts";
import { CellStore, CellStoreWriter, readHeader, storeHash } from "../../src/cells/store.ts";
import { writeError } from "../../src/files/atomic.ts";
import { sha256File } from "../../src/files/hash.ts";
import { NpyWriter } from "../../src/files/npy.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-store-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());

const shape = { channels: ["GFP", "RFP"], height: 3, width: 4 };
const crop = (n: number) => Float32Array.from({ length: 24 }, (_, i) => n * 100 + i / 3);
const mask = (n: number) => Uint8Array.from({ length: 12 }, (_, i) => (i + n) % 3);
const record = (n: number) => ({
  Metadata_Cell: `c${n}`,
  Metadata_Protein: "P",
  Metadata_Field: `P_${n}`,
  Metadata_Localization: n === 1 ? null : "nucleus",
  Metadata_Area: n + 0.5,
  ...(n === 2 ? { Metadata_Note: "late" } : {}),
});
const quality = {
  verdict: ["ok", "border", "ok"],
  measures: new Map([["Quality_Area", Float64Array.of(1, 2, 3)]]),
};

function write(path: string, cells = 3, masks = true): CellStoreWriter {
  const writer = new CellStoreWriter(path, shape, masks ? "full" : "none", "test");
  for (let n = 0; n < cells; n++) writer.append(crop(n), masks ? mask(n) : null, record(n));
  return writer;
}

describe("a store", () => {
  test("gives back what was written", async () => {
    const path = join(scratch, "plain");
    const header = write(path).finish(quality);
    const store = await CellStore.open(path);
    expect(readHeader(path)).toEqual(header);
    expect([store.count, store.height, store.width, store.masks]).toEqual([3, 3, 4, "full"]);
    for (let n = 0; n < 3; n++) {
      const pixels = new Float32Array(24);
      const labels = new Uint8Array(12);
      store.readCrop(n, pixels);
      store.readMask(n, labels);
      expect(pixels).toEqual(crop(n));
      expect(labels).toEqual(mask(n));
    }
    expect(store.cells.id).toEqual(["c0", "c1", "c2"]);
    expect(store.cells.localization).toEqual(["nucleus", null, "nucleus"]);
    expect([...store.cells.usable]).toEqual([1, 0, 1]);
    expect(store.cells.metadata.columns.get("Metadata_Area")).toEqual(Float64Array.of(0.5, 1.5, 2.5));
    expect(store.cells.metadata.columns.get("Metadata_Note")).toEqual([null, null, "late"]);
    for (const [file, hash] of Object.entries(header.hashes)) expect(sha256File(join(path, file))).toBe(hash);
    store.close();
  });

  test("the same cells give the same hash, other pixels another", () => {
    const hashes = ["a", "b"].map((name) => storeHash(write(join(scratch, name)).finish(quality)));
    expect(hashes[0]).toBe(hashes[1]);
    const other = new CellStoreWriter(join(scratch, "c"), shape, "full", "test");
    for (let n = 0; n < 3; n++) other.append(crop(n === 2 ? 7 : n), mask(n), record(n));
    expect(storeHash(other.finish(quality))).not.toBe(hashes[0]);
  });

  test("nothing stands there before it is finished, nothing is left when it is abandoned", () => {
    const path = join(scratch, "deep/down/cells");
    const writer = write(path);
    expect(existsSync(path)).toBe(false);
    writer.abandon();
    expect(existsSync(join(scratch, "deep"))).toBe(false);
  });

  test("an older store stays until the new one is whole", () => {
    const path = join(scratch, "older");
    const before = storeHash(write(path).finish(quality));
    const writer = write(path, 2, false);
    expect(storeHash(readHeader(path))).toBe(before);
    writer.abandon();
    expect(storeHash(readHeader(path))).toBe(before);
    write(path, 2, false).finish();
    expect(readHeader(path)).toMatchObject({ count: 2, masks: "none" });
    expect(existsSync(join(path, "masks.npy"))).toBe(false);
    expect(readdirSync(scratch).filter((f) => f.startsWith("older"))).toEqual(["older"]);
  });

  test("an empty folder is used, any other is refused", () => {
    const path = join(scratch, "empty");
    mkdirSync(path);
    write(path, 1, false).finish();
    expect(readHeader(path).count).toBe(1);
    const taken = join(scratch, "taken");
    mkdirSync(taken);
    writeFileSync(join(taken, "cells.json"), "{}");
    expect(() => write(taken)).toThrow(`${taken}: is there already and is not a cell store`);
    expect(readdirSync(taken)).toEqual(["cells.json"]);
  });

  test("a full disk is one line that names the store", () => {
    const path = join(scratch, "full");
    const writer = write(path, 1, false);
    const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    vi.spyOn(NpyWriter.prototype, "append").mockImplementation(function (this: NpyWriter) {
      throw writeError(this.path, full);
    });
    expect(() => writer.append(crop(1), null, record(1))).toThrow(
      `${path}: the disk is full; free some space and run the same command again`,
    );
    writer.abandon();
    expect(readdirSync(scratch).filter((f) => f.startsWith("full"))).toEqual([]);
  });

  test("files that do not fit together are refused", async () => {
    const path = join(scratch, "torn");
    write(path).finish(quality);
    const header = readHeader(path);
    const change = (more: object) =>
      writeFileSync(join(path, "cells.json"), JSON.stringify(sealed({ ...header, ...more })));
    const hashes = () => ({
      hashes: Object.fromEntries(Object.keys(header.hashes).map((f) => [f, sha256File(join(path, f))])),
    });
    change({ height: 4 });
    await expect(CellStore.open(path)).rejects.toThrow(
      /crops.npy: holds float32 of 3 x 2 x 3 x 4, but cells.json says/,
    );
    change({ count: 2 });
    await expect(CellStore.open(path)).rejects.toThrow(/cells.json says float32 of 2 x 2 x 3 x 4/);
    writeFileSync(join(path, "quality.csv"), "Quality_Verdict\nok\n");
    change(hashes());
    await expect(CellStore.open(path)).rejects.toThrow(/has 1 verdicts for 3 cells/);
    change({ version: 99 });
    await expect(CellStore.open(path)).rejects.toThrow(
      /has version 99, this cellswap reads 2, 3, 4; import the cells again/,
    );
    change({ format: "other" });
    await expect(CellStore.open(path)).rejects.toThrow(/is not the header of a cell store/);
    await expect(CellStore.open(join(scratch, "nowhere"))).rejects.toThrow(/is not a cell store/);
    writeFileSync(join(path, "crops.npy"), readFileSync(join(path, "crops.npy")).subarray(0, 300));
    change(hashes());
    await expect(CellStore.open(path)).rejects.toThrow(/crops.npy: is truncated \(300 bytes, 416 expected\)/);
  });
});

describe("masks that are put in later", () => {
  const stage = (path: string) => {
    const file = stageMasks(path);
    const writer = new NpyWriter(file, "uint8", [3, 4]);
    for (let n = 0; n < 3; n++) writer.append(mask(n + 1));
    writer.close();
  };
  const masks = { quality, kind: "full", source: "segment", diameter: 2.5 } as const;

  test("take the place of the old ones, with their quality and hashes", async () => {
    const path = join(scratch, "segmented");
    write(path, 3, false).finish();
    stage(path);
    const header = replaceMasks(path, masks);
    const store = await CellStore.open(path);
    const labels = new Uint8Array(12);
    store.readMask(2, labels);
    expect(labels).toEqual(mask(3));
    expect([...store.cells.usable]).toEqual([1, 0, 1]);
    expect(header).toMatchObject({ masks: "full", maskSource: "segment", source: "test", diameter: 2.5 });
    for (const [file, hash] of Object.entries(header.hashes)) expect(sha256File(join(path, file))).toBe(hash);
    expect(readdirSync(path).sort()).toEqual(Object.keys(header.hashes).concat("cells.json").sort());
    store.close();
  });

  test("where they cannot be put in, the old ones stay", async () => {
    const path = join(scratch, "cut");
    const before = write(path).finish(quality);
    expect(() => replaceMasks(path, masks)).toThrow(/masks.npy.new/);
    expect(readHeader(path)).toEqual(before);
    stage(path);
    discardStaged(path);
    expect(readdirSync(path).sort()).toEqual([...Object.keys(before.hashes), "cells.json"].sort());
    (await CellStore.open(path)).close();
  });
});

describe("a store of another writer, whose hashes fit", () => {
  /** Changes a byte of a file and what the header says of it. */
  function change(path: string, name: string, at: number, bytes: Uint8Array): void {
    const file = join(path, name);
    const whole = readFileSync(file);
    whole.set(bytes, 128 + at);
    writeFileSync(file, whole);
    const header = readHeader(path);
    const hashes = { ...header.hashes, [name]: sha256File(file) };
    writeFileSync(join(path, "cells.json"), JSON.stringify(sealed({ ...header, hashes })));
  }

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "with %s among its pixels is refused where they are read",
    async (value) => {
      const path = join(scratch, `foreign${value}`);
      write(path).finish(quality);
      change(path, "crops.npy", 4 * (24 + 12 + 7), new Uint8Array(Float32Array.of(value).buffer));
      const store = await CellStore.open(path);
      store.readCrop(0, new Float32Array(24));
      expect(() => store.readCrop(1, new Float32Array(24))).toThrow(
        `${join(path, "crops.npy")}: crop 1 has ${value} in channel RFP (row 1, column 3); mend the source`,
      );
      store.close();
    },
  );

  test("with labels that are none is refused where they are read", async () => {
    const path = join(scratch, "labels");
    write(path).finish(quality);
    change(path, "masks.npy", 12 + 5, Uint8Array.of(255));
    const store = await CellStore.open(path);
    store.readMask(0, new Uint8Array(12));
    expect(() => store.readMask(1, new Uint8Array(12))).toThrow(
      "mask 1 has the label 255; labels are 0, 1 and 2",
    );
    store.close();
  });
});
