import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import FileSystemStore from "@zarrita/storage/fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { get, open } from "zarrita";
import { CellStore } from "../../src/cells/store.ts";
import { InterruptedError } from "../../src/errors.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { exportComposites } from "../../src/study/composites/export.ts";
import { checkRoom } from "../../src/study/composites/folder.ts";
import { readExport } from "../../src/study/composites/record.ts";
import { allowedSettings, studyGroups } from "../../src/study/groups.ts";
import { studyPlan } from "../../src/study/plan.ts";
import { studyScales } from "../../src/study/scales.ts";
import { fitToCells } from "../../src/study/schema.ts";
import { selectCells } from "../../src/study/select.ts";
import { verify } from "../../src/study/verify.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { contents } from "./command.ts";
import { base, drawStudy, encode, exported, failure, features, study } from "./exported.ts";

beforeAll(async () => {
  await drawStudy();
  await encode(exported, features);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

test("composites are those of the compositor, in the order of the plan, whatever the threads and the format", async () => {
  const store = await CellStore.open(join(base, "cells"));
  const wanted = fitToCells(study({}), store);
  const selection = selectCells(store.cells, wanted, store.verdicts);
  const groups = studyGroups(store.cells, wanted, selection);
  const plan = await studyPlan(store, allowedSettings(wanted, groups), selection, groups);
  const compositor = new Compositor(
    store,
    studyScales(store, wanted.composite, plan, { kept: null }),
    wanted.composite,
  );
  const size = store.channels.length * store.height * store.width;
  const [crop, mask] = [new Float32Array(size), new Uint8Array(store.height * store.width)];
  const [composites, masks] = ["composites", "masks"].map(
    (name) => new NpyReader(join(exported, `${name}.npy`)),
  );
  expect(composites.shape).toEqual([plan.count, store.channels.length, store.height, store.width]);
  expect(masks.shape).toEqual([plan.count, store.height, store.width]);
  const [given, center] = [crop.slice(), mask.slice()];
  for (let row = 0; row < plan.count; row++) {
    compositor.compose(plan, row, crop);
    composites.read(row, 1, given);
    expect(Buffer.compare(Buffer.from(given.buffer), Buffer.from(crop.buffer))).toBe(0);
    store.readMask(plan.cell[row], mask);
    masks.read(row, 1, center);
    expect(center).toEqual(mask.map((v) => (v === 1 ? 1 : 0)));
  }
  store.close();
  const one = readFileSync(join(exported, "composites.npy"));
  await exportComposites(study({}), { out: join(base, "threads"), workers: 3, partBytes: 100_000 });
  const parts = Object.keys(contents(join(base, "threads"))).filter((f) => f.endsWith(".npy"));
  expect(parts.length).toBeGreaterThan(10);
  const together = Buffer.concat(parts.map((f) => readFileSync(join(base, "threads", f)).subarray(128)));
  expect(together.equals(one.subarray(128))).toBe(true);
  await exportComposites(study({}), { out: join(base, "threads"), workers: 1, format: "zarr" });
  const files = Object.keys(contents(join(base, "threads")));
  expect(files.filter((f) => f.endsWith(".npy"))).toEqual([]);
  const array = await open(new FileSystemStore(join(base, "threads/composites.zarr")), { kind: "array" });
  const { data, shape } = await get(array);
  expect(shape).toEqual(composites.shape);
  const pixels = data as Float32Array;
  const stored = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  expect(stored.equals(one.subarray(128))).toBe(true);
  expect(readExport(join(base, "threads"))).toMatchObject({ arrays: "zarr", rows: plan.count, masks: null });
  composites.close();
  masks.close();
});

test("an export that fails or is stopped leaves what was there", async () => {
  const before = contents(exported);
  const stop = new AbortController();
  const stopped = exportComposites(study({ seed: 3 }), {
    out: exported,
    signal: stop.signal,
    workers: 1,
    onProgress: (done) => done > 0 && stop.abort(),
  });
  expect(await failure(stopped)).toBeInstanceOf(InterruptedError);
  expect(contents(exported)).toEqual(before);
  const fresh = join(base, "deep/er");
  const again = new AbortController();
  await failure(
    exportComposites(study({}), {
      out: fresh,
      signal: again.signal,
      workers: 1,
      onProgress: () => again.abort(),
    }),
  );
  expect(existsSync(join(base, "deep"))).toBe(false);
  expect((await failure(exportComposites(study({}), { out: join(base, "cells") }))).message).toMatch(
    /cells: is not empty and holds no exported composites/,
  );
  const sized = (out: string) =>
    exportComposites(study({}), { out, onSize: () => expect.unreachable("said before it was refused") });
  expect((await failure(sized(join(base, "tiny.json")))).message).toMatch(/is a file/);
  symlinkSync("circle", join(base, "circle"));
  expect((await failure(sized(join(base, "circle")))).message).toMatch(/is a symbolic link/);
  expect(() => checkRoom(fresh, 1e18)).toThrow(
    /needs 1000000000\.0 GB and the disk has .* free; free some space/,
  );
});

test("a new export takes the place of an earlier one, and other files stay", async () => {
  const out = join(base, "again");
  cpSync(exported, out, { recursive: true });
  await exportComposites(study({ seed: 3 }), { out, workers: 1 });
  const after = contents(out);
  expect(Object.keys(after).sort()).toEqual([
    "composites.json",
    "composites.npy",
    "plan.csv",
    "plan.parquet",
    "tiny.npy",
  ]);
  expect(after["tiny.npy"]).toBe(contents(exported)["tiny.npy"]);
  expect(after["composites.npy"]).not.toBe(contents(exported)["composites.npy"]);
});

test("a record that names files outside of its folder is refused, and nothing is removed", async () => {
  const out = join(base, "foreign");
  cpSync(exported, out, { recursive: true });
  const record = join(out, "composites.json");
  writeFileSync(record, readFileSync(record, "utf8").replace('"composites.npy"', '"../tiny.json"'));
  expect((await failure(exportComposites(study({}), { out }))).message).toMatch(
    /composites\.json: is damaged/,
  );
  expect(existsSync(join(base, "tiny.json"))).toBe(true);
});

test.each(["npy", "zarr"] as const)(
  "exported composites are verified, every file of them: %s",
  async (format) => {
    const out = join(base, `verified-${format}`);
    await exportComposites(study({}), { out, workers: 1, masks: true, format });
    const whole = await verify(out);
    expect(whole.kind).toBe("composites");
    expect(whole.files.map(({ path }) => path.slice(out.length + 1)).sort()).toEqual(
      Object.keys(contents(out)).sort(),
    );
    expect(whole.files.filter(({ fault }) => fault !== null)).toEqual([]);
    for (const { path } of whole.files) {
      const bytes = readFileSync(path);
      const flipped = Buffer.from(bytes);
      flipped[bytes.length >> 1] ^= 1;
      for (const damaged of [flipped, bytes.subarray(0, -1), Buffer.alloc(0), null]) {
        if (damaged === null) rmSync(path);
        else writeFileSync(path, damaged);
        if (damaged === null && path.endsWith("composites.json")) break;
        const found = (await verify(out)).files.filter(({ fault }) => fault !== null);
        expect(found.map((file) => file.path)).toEqual([path]);
        expect(found[0].fault).toMatch(/^is [^\n]+; (?:export|remove)[^\n]+ export[^\n]+$/);
      }
      writeFileSync(path, bytes);
    }
  },
);
