import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { findCells } from "../../../src/cells/fields/find.ts";
import { openFieldImage } from "../../../src/cells/readers/field-image.ts";
import { fixtures } from "./expected.ts";

const fields = resolve(import.meta.dirname, "../../../../shared/data/fields");

interface Count {
  readonly cells: number;
  readonly atEdge: number;
  readonly pixels: number;
}

/** What tifffile, zarr and scikit-image count in the real files. */
const real: {
  readonly labels: Record<string, Count[]>;
  readonly masks: Record<string, Count>;
  readonly planes: Record<string, number[]>;
} = JSON.parse(readFileSync(join(fixtures, "real.json"), "utf8"));

async function count(file: string, time: number | null, split: boolean): Promise<Count> {
  const labels = join(fields, file);
  const entry = { name: file, files: [labels], labels, nuclei: null, slice: null, time, metadata: {} };
  const { objects } = await findCells(entry, split, file);
  return {
    cells: objects.length,
    atEdge: objects.filter((o) => o.atEdge).length,
    pixels: objects.reduce((sum, o) => sum + o.area, 0),
  };
}

const there = existsSync(fields);

test.skipIf(!there).each(Object.entries(real.labels))(
  "%s has the labels of scikit-image",
  async (file, frames) => {
    for (const [time, wanted] of frames.entries())
      expect(await count(file, frames.length > 1 ? time : null, false)).toEqual(wanted);
  },
);

test.skipIf(!there).each(Object.entries(real.masks))(
  "%s has the pieces of scikit-image",
  async (file, wanted) => {
    expect(await count(file, null, true)).toEqual(wanted);
  },
);

test.skipIf(!there).each(Object.entries(real.planes))(
  "%s has the planes of tifffile and zarr",
  async (file, sums) => {
    const image = await openFieldImage(join(fields, file));
    expect(image.channels.length).toBe(sums.length);
    for (const [channel, sum] of sums.entries()) {
      const plane = await image.read(channel, 0, 0);
      expect(Float64Array.from(plane).reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 6);
    }
    image.close();
  },
);
