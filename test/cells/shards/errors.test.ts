import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import type { CellSource } from "../../../src/cells/importer.ts";
import { type ImportShardOptions, importShard } from "../../../src/cells/shards/import-shard.ts";
import { mergeImport } from "../../../src/cells/shards/merge-import.ts";
import { importStatus } from "../../../src/cells/shards/parts.ts";
import { shardOf } from "../../../src/cells/shards/shard-plan.ts";
import { awaitShards } from "../../../src/cells/shards/wait.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-shard-errors-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const out = join(scratch, "cells");
const folder = `${out}.shards/import`;
const input = (cell: number) => join(scratch, `input${cell}`);
const CELLS = 8;

beforeEach(() => {
  for (const name of readdirSync(scratch)) rmSync(join(scratch, name), { recursive: true, force: true });
  for (let cell = 0; cell < CELLS; cell++) writeFileSync(input(cell), String(cell));
});

/** Crops of 8 px without masks, two cells a field, as bright as their files say. */
function source(more: Partial<CellSource> = {}): CellSource {
  return {
    ...{ source: "files", path: scratch, channels: ["A"], masks: "none", count: CELLS, notes: [] },
    record: (cell) => ({ Metadata_Cell: `c${cell}`, Metadata_Protein: "P", Metadata_Field: `F${cell >> 1}` }),
    file: input,
    inputs: (cell) => [input(cell)],
    read: async (cell) => {
      const bright = Number(readFileSync(input(cell), "utf8"));
      return {
        height: 8,
        width: 8,
        crop: Float32Array.from({ length: 64 }, (_, p) => bright + p),
        mask: null,
      };
    },
    ...more,
  };
}

const shard = (index: number, count = 4, more: Partial<CellSource> = {}, options: ImportShardOptions = {}) =>
  importShard(shardOf(source(more), { index, count }), out, { index, count }, options);

async function all(but: readonly number[] = []): Promise<void> {
  for (let index = 0; index < 4; index++) if (!but.includes(index)) await shard(index);
}

const message = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: Error) => error.message,
  );

test("shards that are missing are named as job arrays take them", async () => {
  expect(await message(mergeImport(out))).toBe(
    `${out}: has no shards (they would stand in ${folder}); make them with \`cellswap import ... --shard 0/N\``,
  );
  await all([1, 2]);
  expect(importStatus(out)).toEqual({ kind: "import", path: folder, shards: 4, done: 2, missing: [1, 2] });
  expect(await message(mergeImport(out))).toBe(
    `${folder}: lacks shards 1-2 of 4; make them with \`cellswap import ... --shard 1/4\` and so on (sbatch --array=1-2)`,
  );
  await shard(1);
  expect(await message(mergeImport(out))).toBe(
    `${folder}: lacks shard 2 of 4; make it with \`cellswap import ... --shard 2/4\``,
  );
  expect(existsSync(out)).toBe(false);
});

test("a disk that shows a shard late is waited for", async () => {
  await all([3]);
  const seen: (readonly number[])[] = [];
  const wait = awaitShards(
    () => importStatus(out),
    60,
    undefined,
    ({ missing }) => void seen.push(missing),
  );
  await shard(3);
  expect((await wait).missing).toEqual([]);
  expect(seen[0]).toEqual([3]);
});

/** Puts all shards there and joins them, as other attempts on other machines do while one is at work. */
async function mergeMeanwhile(spare: string): Promise<void> {
  renameSync(spare, `${folder}/0001-of-0004`);
  await mergeImport(out);
}

test("an attempt that ends after the merge leaves nothing, whenever it began to write", async () => {
  const spare = join(scratch, "spare");
  for (const late of [false, true]) {
    await all();
    renameSync(`${folder}/0001-of-0004`, spare);
    const plan = shardOf(source(), { index: 1, count: 4 });
    const attempt = importShard(
      {
        ...plan,
        open: async () => {
          if (!late) await mergeMeanwhile(spare);
          const opened = await plan.open();
          const read = async (cell: number) => {
            if (late && cell === 3) await mergeMeanwhile(spare);
            return opened.cells.read(cell);
          };
          return { ...opened, cells: { ...opened.cells, read } };
        },
      },
      out,
      { index: 1, count: 4 },
    );
    expect(await attempt).toMatchObject({ done: true, cells: 2 });
    expect(existsSync(out)).toBe(true);
    expect(existsSync(`${out}.shards`)).toBe(false);
    rmSync(out, { recursive: true });
  }
});

test("shards of several numbers are not joined", async () => {
  await all();
  await shard(1, 3);
  expect(await message(mergeImport(out))).toBe(
    `${folder}: holds shards of 3 and of 4; remove those of all but one number (rm -r ${folder}/*-of-0003)`,
  );
});

test("shards of other options or another listing are not joined", async () => {
  await all([2]);
  await shard(2, 4, {}, { choices: { size: 64 } });
  const again = `make them again of the same source with the same options (first remove ${folder}/0002-of-0004, or ${folder}/0000-of-0004)`;
  expect(await message(mergeImport(out))).toBe(
    `${folder}: shard 2/4 was made with size 64, shard 0/4 with null; ${again}`,
  );
  await shard(2, 4, { record: (cell) => ({ ...source().record(cell), Metadata_Plate: "P1" }) });
  expect(await message(mergeImport(out))).toBe(
    `${folder}: shard 2/4 was made of another listing of the source than shard 0/4: it changed in between; ${again}`,
  );
  await shard(2, 4, {}, { labels: new Map([["P", "nucleus"]]) });
  expect(await message(mergeImport(out))).toBe(
    `${folder}: shard 2/4 was made with other labels than shard 0/4; ${again}`,
  );
});

test("a source that was written in between is told, and the same command makes the shard again", async () => {
  await all();
  writeFileSync(input(5), "50");
  expect(await message(mergeImport(out))).toBe(
    `${input(5)}: was written since shard 2/4 was made of it; make the shard again (the same command does)`,
  );
  expect((await shard(1)).done).toBe(true);
  expect((await shard(2)).done).toBe(false);
  // What is not there any more counts as it was.
  rmSync(input(0));
  expect((await mergeImport(out)).cells).toBe(CELLS);
});

test("ids that come twice in different shards are told with both files", async () => {
  for (let index = 0; index < 4; index++)
    await shard(index, 4, {
      record: (cell) => ({ ...source().record(cell), Metadata_Cell: cell === 6 ? "c1" : `c${cell}` }),
    });
  expect(await message(mergeImport(out))).toBe(
    `${input(6)}: has the cell id c1, and so has ${input(1)}; every cell needs its own`,
  );
  expect(existsSync(out)).toBe(false);
  expect(existsSync(`${out}.unfinished`)).toBe(false);
});

test("crops of another size in another shard are told", async () => {
  const read: CellSource["read"] = async (cell) =>
    cell < 6
      ? source().read(cell)
      : { height: 9, width: 8, crop: new Float32Array(72).map((_, p) => p), mask: null };
  for (let index = 0; index < 4; index++) await shard(index, 4, { read });
  expect(await message(mergeImport(out))).toBe(
    `${folder}/0003-of-0004: has crops of 9 x 8 px, those of shard 0 are 8 x 8 px; cut all cells at one size`,
  );
});

test("a shard that is damaged or renamed is told before a store stands", async () => {
  await all();
  const place = join(folder, "0001-of-0004");
  for (const name of ["crops.bin", "cells.jsonl", "facts.bin", "inputs.txt", "shard.json"]) {
    const file = join(place, name);
    const whole = readFileSync(file);
    const torn = Buffer.from(whole);
    torn[torn.length >> 1] ^= 1;
    writeFileSync(file, torn);
    const said = await message(mergeImport(out));
    expect(said, name).toContain(`${file}: `);
    expect(said, name).toContain("make the shard again");
    writeFileSync(file, whole);
  }
  cpSync(place, join(scratch, "copy"), { recursive: true });
  rmSync(join(folder, "0002-of-0004"), { recursive: true });
  renameSync(join(scratch, "copy"), join(folder, "0002-of-0004"));
  expect(await message(mergeImport(out))).toBe(
    `${folder}/0002-of-0004: says that it is shard 1/4; it was renamed: remove this folder and make the shard again`,
  );
  expect(existsSync(out)).toBe(false);
});

test("a source is closed once, whether its shard is made or there already", async () => {
  let closed = 0;
  const close = () => void closed++;
  await shard(0, 4, { close });
  expect(closed).toBe(1);
  expect((await shard(0, 4, { close })).done).toBe(true);
  expect(closed).toBe(2);
});
