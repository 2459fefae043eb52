import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { INDEX } from "../../src/cells/checked.ts";
import { mulberry32, namedSeed, shuffle } from "../../src/core/rng.ts";
import { type SegmentOptions, segmentStore } from "../../src/segment/segment-store.ts";
import { mergeMasks } from "../../src/segment/shards/merge-masks.ts";
import { segmentStatus } from "../../src/segment/shards/part.ts";
import { segmentShard } from "../../src/segment/shards/segment-shard.ts";
import type { MaskKind } from "../../src/types.ts";
import { tree } from "../faults/harness.ts";
import { drawCells } from "../study/drawn.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-mask-shards-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Files of a store, without what remembers when they were looked at. */
function files(path: string): Record<string, string> {
  const { [INDEX]: _, ...rest } = tree(path);
  return rest;
}

/** Segments some of a shard, and is stopped then. */
async function begin(path: string, shard: { index: number; count: number }, options: SegmentOptions) {
  const stop = new AbortController();
  return segmentShard(path, shard, { ...options, signal: stop.signal, onProgress: () => stop.abort() }).then(
    () => "done",
    (error: Error) => error.message,
  );
}

test.each<[string, SegmentOptions & { masks?: MaskKind }]>([
  ["cells by themselves", {}],
  ["neighbors", { neighbors: true, masks: "center" }],
  ["masks replaced, another diameter", { force: true, masks: "full", diameter: 12, channel: "GFP" }],
])(
  "%s: shards in any order end in the masks of one segmentation",
  async (title, { masks = "none", ...given }) => {
    const random = mulberry32(namedSeed(3, title));
    const place = mkdtempSync(join(scratch, "case-"));
    const [one, many] = [join(place, "one"), join(place, "many")];
    // Fields of 70 cells have two chunks.
    drawCells(one, { masks, fields: 2, cellsPerClass: [140, 25], size: 24 });
    cpSync(one, many, { recursive: true });
    const options = { ...given, workers: 1 };
    const whole = await segmentStore(one, options);
    const count = 3 + Math.floor(random() * 3);
    for (const index of shuffle([...Array(count).keys()], random)) {
      const shard = { index, count };
      if ((await begin(many, shard, options)) !== "done") {
        const parts = segmentStatus(many).path;
        expect(readdirSync(parts).some((name) => name.endsWith(".begun"))).toBe(true);
      }
      await segmentShard(many, shard, options);
      expect((await segmentShard(many, shard, options)).done).toBe(true);
    }
    expect(segmentStatus(many)).toMatchObject({ shards: count, done: count, missing: [] });
    const stop = new AbortController();
    await expect(
      mergeMasks(many, { signal: stop.signal, onProgress: (done) => void (done === 64 && stop.abort()) }),
    ).rejects.toThrow("run the same command again");
    const summary = await mergeMasks(many);
    expect(files(many)).toEqual(files(one));
    expect(JSON.parse(JSON.stringify(summary).replaceAll(many, one))).toEqual(whole);
    expect(readdirSync(place).sort()).toEqual(["many", "one"]);
    if (given.force !== true)
      expect(
        (await segmentShard(many, { index: 0, count: 2 }, options)).done,
        "the store has these masks",
      ).toBe(true);
  },
  120_000,
);

test.each([false, true])(
  "an attempt that ends after the merge leaves nothing (its folder removed: %s)",
  async (removed) => {
    const place = mkdtempSync(join(scratch, "late-"));
    const [path, merged] = [join(place, "cells"), join(place, "merged")];
    drawCells(path, { masks: "none", fields: 2, cellsPerClass: 6, size: 24 });
    cpSync(path, merged, { recursive: true });
    await segmentStore(merged, { workers: 1 });
    let ended = false;
    const merge = () => {
      if (ended) return;
      ended = true;
      cpSync(merged, path, { recursive: true });
      if (removed) rmSync(`${path}.shards`, { recursive: true });
    };
    const shard = { index: 1, count: 2 };
    expect(await segmentShard(path, shard, { workers: 1, onProgress: merge })).toMatchObject({ done: true });
    expect(ended).toBe(true);
    expect(files(path)).toEqual(files(merged));
    expect(readdirSync(place).sort()).toEqual(["cells", "merged"]);
  },
);

test("shards of other choices, or of cells that were changed, are not joined", async () => {
  const path = join(scratch, "cells");
  drawCells(path, { masks: "none", fields: 2, cellsPerClass: 6, size: 24 });
  const parts = segmentStatus(path).path;
  await segmentShard(path, { index: 0, count: 2 }, { workers: 1 });
  await expect(mergeMasks(path)).rejects.toThrow(
    `${parts}: lacks shard 1 of 2; make it with \`cellswap segment ... --shard 1/2\``,
  );
  await segmentShard(path, { index: 1, count: 2 }, { workers: 1, diameter: 11 });
  await expect(mergeMasks(path)).rejects.toThrow(
    `${parts}: shard 1/2 was made with {"diameter":11}, shard 0/2 with {}; make them again with the same options (first remove ${parts}/0001-of-0002, or ${parts}/0000-of-0002)`,
  );
  await segmentShard(path, { index: 1, count: 2 }, { workers: 1 });
  rmSync(path, { recursive: true });
  drawCells(path, { masks: "none", fields: 2, cellsPerClass: 6, size: 24, seed: 9 });
  await expect(mergeMasks(path)).rejects.toThrow(
    `${path}: was changed since its shards were segmented; segment them again`,
  );
});
