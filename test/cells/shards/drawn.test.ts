import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { CropValues } from "../../../src/cells/crop-type.ts";
import { listFields } from "../../../src/cells/fields/list.ts";
import { cellprofilerSet } from "../../../src/cells/formats/cellprofiler.ts";
import { fieldsShard, fieldsSource } from "../../../src/cells/formats/fields.ts";
import { locationsShard, locationsSource } from "../../../src/cells/formats/locations.ts";
import { type CellSource, importCells } from "../../../src/cells/importer.ts";
import type { Labels } from "../../../src/cells/metadata/labels.ts";
import { importShard } from "../../../src/cells/shards/import-shard.ts";
import { mergeImport } from "../../../src/cells/shards/merge-import.ts";
import { importStatus } from "../../../src/cells/shards/parts.ts";
import { type ShardPlan, shardOf } from "../../../src/cells/shards/shard-plan.ts";
import { encodeFloat16 } from "../../../src/core/float16.ts";
import { mulberry32, namedSeed, shuffle } from "../../../src/core/rng.ts";
import { isCellswapError } from "../../../src/errors.ts";
import type { Shard } from "../../../src/files/shards.ts";
import { encodeTiff } from "../../../src/files/tiff.ts";
import { tree } from "../../faults/harness.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-drawn-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Random = () => number;

interface Drawn {
  /** The whole source, opened anew. */
  readonly whole: () => Promise<CellSource>;
  readonly shard: (shard: Shard) => Promise<ShardPlan>;
  readonly labels?: Labels | undefined;
  readonly diameter?: number | undefined;
}

/** Imports a source at once and in shards; both have to end alike. */
async function compare(source: Drawn, random: Random): Promise<void> {
  const place = mkdtempSync(join(scratch, "draw-"));
  const [one, many] = [join(place, "one"), join(place, "many")];
  const options = { labels: source.labels, diameter: source.diameter, choices: { drawn: true } };
  const told = async <T>(work: () => Promise<T>) =>
    work().catch((error: unknown) => {
      if (!isCellswapError(error)) throw error;
      return error.message.replaceAll(many, one);
    });
  const whole = await told(async () => importCells(await source.whole(), one, options));
  const count = 1 + Math.floor(random() * 12);
  const joined = await told(async () => {
    const numbers = [...Array(count).keys(), ...(random() < 0.5 ? [0] : [])];
    // Of several things that are wrong the first is told.
    for (const index of typeof whole === "string" ? numbers : shuffle(numbers, random)) {
      const shard = { index, count };
      // Stopped after some cells, or never.
      const stop = new AbortController();
      const last = Math.floor(random() * 6);
      const onProgress = (done: number) => void (done === last && stop.abort());
      const first = await importShard(await source.shard(shard), many, shard, {
        ...{ ...options, onProgress },
        signal: stop.signal,
      }).catch((error: unknown) => {
        if ((error as Error).name !== "InterruptedError") throw error;
        return null;
      });
      if (first === null)
        expect((await importShard(await source.shard(shard), many, shard, options)).done).toBe(false);
    }
    expect(importStatus(many)).toMatchObject({ shards: count, done: count, missing: [] });
    const stop = new AbortController();
    const last = Math.floor(random() * 200);
    const onProgress = (done: number) => void (done === last && stop.abort());
    const merged = await mergeImport(many, { signal: stop.signal, onProgress }).catch((error: Error) => {
      if (error.name !== "InterruptedError") throw error;
      return null;
    });
    return merged ?? mergeImport(many);
  });
  expect(typeof joined === "string" ? joined : { ...joined, out: one }).toEqual(whole);
  expect(tree(many)).toEqual(tree(one));
  if (typeof joined !== "string")
    expect(readdirSync(place).sort(), "nothing is left beside the store").toEqual(["many", "one"]);
  else expect(existsSync(many)).toBe(false);
}

function halves(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  encodeFloat16(values, bits);
  return bits;
}

/** Cells in memory, with all that only all of them together decide. */
function drawnCells(random: Random): Drawn {
  const of = <T>(...values: T[]): T => values[Math.floor(random() * values.length)];
  const side = 8 + Math.floor(random() * 9);
  const size = side * side;
  const count = Math.floor(random() * 130);
  const channels = ["A", "B", "C"].slice(0, of(1, 2, 3));
  const masks = of("none", "center", "full", "auto") as CellSource["masks"];
  const types = of(["u8"], ["u8", "u16"], ["f16"], ["u8", "f16"], ["u16", "f32"], ["f16", "f32"]);
  const fields = 1 + Math.floor(random() * 9);
  const mixed = random() < 0.3;
  const proteins = random() < 0.8;
  const twice = random() < 0.05 ? count - 1 : -1;
  const cells = Array.from({ length: count }, (_, cell) => {
    const seed = random() < 0.1 ? Math.floor(random() * 5) : 100 + cell;
    const field = mixed ? Math.floor(random() * fields) : Math.floor((cell * fields) / count);
    const own = mulberry32(namedSeed(seed, "pixels"));
    const flat = random() < 0.05;
    const values = Array.from({ length: channels.length * size }, () => (flat ? 7 : Math.floor(own() * 200)));
    const type = of(...types);
    const bare = new Float32Array(values);
    const crop: CropValues =
      type === "u8"
        ? Uint8Array.from(values)
        : type === "u16"
          ? Uint16Array.from(values)
          : type === "f32"
            ? bare
            : halves(bare);
    const radius = side * (0.15 + 0.3 * random());
    const near = random() < 0.3;
    const mask = Uint8Array.from({ length: size }, (_, p) => {
      const [y, x] = [Math.floor(p / side) - (side - 1) / 2, (p % side) - (side - 1) / 2];
      return Math.hypot(y, x) < radius ? 1 : near && masks !== "center" && x > side / 3 ? 2 : 0;
    });
    const record = {
      Metadata_Cell: cell === twice ? "c0" : `c${cell}`,
      Metadata_Protein: proteins ? `P${field % 3}` : null,
      Metadata_Field: `F${field}`,
      ...(random() < 0.5 ? { Metadata_Localization: of("nucleus", "vacuole|nucleus", null) } : {}),
      Metadata_Odd: of<number | null>(1.5, Number.NaN, -0, Number.POSITIVE_INFINITY, null, cell),
      ...(cell > 60 ? { Metadata_Late: of<string | number>(3, "text", 0.1) } : {}),
    };
    return { crop, half: type === "f16", mask: masks === "none" ? null : mask, record };
  });
  const labels =
    proteins && random() < 0.4
      ? new Map([
          ["P0", "nucleus"],
          ["P9", "bud"],
        ])
      : undefined;
  const source = (): CellSource => ({
    ...{ source: "drawn", path: "drawn", channels, masks, count, notes: ["A note."] },
    record: (cell) => cells[cell].record,
    file: (cell) => `file${cell}`,
    read: async (cell) => ({ height: side, width: side, ...cells[cell] }),
  });
  return {
    ...{ labels, diameter: random() < 0.3 ? 6 : undefined },
    whole: async () => source(),
    shard: async (shard) => shardOf(source(), shard),
  };
}

test.each(Array.from({ length: 16 }, (_, seed) => seed))("cells in memory, draw %i", async (seed) => {
  const random = mulberry32(namedSeed(seed, "drawn cells"));
  await compare(drawnCells(random), random);
});

const plate = join(scratch, "plate");
const FIELDS = 9;

/** Fields of squares with labels, some at the edge, some small, some fields empty; two channels, some brighter. */
function drawPlate(): void {
  mkdirSync(plate);
  const random = mulberry32(namedSeed(0, "plate"));
  const rows = ["File_A,File_B,Labels_Cells,Labels_Nuclei,Plate,Well,Protein"];
  for (let field = 0; field < FIELDS; field++) {
    const [height, width] = [64, 72];
    const labels = new Uint16Array(height * width);
    const nuclei = new Uint16Array(height * width);
    const cells = field === 4 ? 0 : 3 + Math.floor(random() * 10);
    for (let label = 1; label <= cells; label++) {
      const [top, left, side] = [random() * 60, random() * 68, 2 + random() * 7].map(Math.floor);
      for (let y = top; y < Math.min(height, top + side); y++)
        for (let x = left; x < Math.min(width, left + side); x++) labels[y * width + x] = label;
      const inner = (top + 1) * width + left + 1;
      if (random() < 0.8 && top + 1 < height && left + 1 < width && labels[inner] === label)
        nuclei[inner] = label;
    }
    const image = () =>
      labels.map((label) => Math.floor(random() * (field > 6 ? 4000 : 200)) + 50 * (label % 4));
    const file = (name: string, pixels: Uint16Array) => {
      writeFileSync(join(plate, `${name}${field}.tif`), encodeTiff(pixels, height, width));
      return `${name}${field}.tif`;
    };
    const files = [file("a", image()), file("b", image()), file("cells", labels), file("nuclei", nuclei)];
    rows.push([...files, "P1", `W${field}`, `gene${field % 2}`].join(","));
  }
  writeFileSync(join(plate, "fields.csv"), `${rows.join("\n")}\n`);
}

test("fields, with every kind of draw", async () => {
  drawPlate();
  for (let seed = 0; seed < 8; seed++) {
    const random = mulberry32(namedSeed(seed, "drawn fields"));
    const maybe = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
    const options = {
      size: random() < 0.8 ? 8 + 2 * Math.floor(random() * 8) : undefined,
      pad: maybe(true),
      minArea: maybe(5),
      oneNucleus: maybe(true),
      perClass: maybe(1 + Math.floor(random() * 30)),
      perField: maybe(1 + Math.floor(random() * 6)),
      seed: maybe(Math.floor(random() * 100)),
    };
    const list = () => listFields(plate, { manifest: "fields.csv" });
    const drawn: Drawn = {
      whole: async () => fieldsSource(await list(), options),
      shard: async (shard) => fieldsShard(await list(), options, shard),
    };
    await compare(drawn, random);
  }
});

test("cells that tables list, with every kind of draw", async () => {
  const fixtures = resolve(import.meta.dirname, "../../fixtures/locations");
  for (let seed = 0; seed < 5; seed++) {
    const random = mulberry32(namedSeed(seed, "drawn locations"));
    const maybe = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
    const options = {
      size: 8 + 2 * Math.floor(random() * 10),
      images: random() < 0.9 ? join(fixtures, "images") : join(fixtures, "nowhere"),
      pad: maybe(true),
      perClass: maybe(1 + Math.floor(random() * 9)),
      classColumn: "Well",
      perField: maybe(1 + Math.floor(random() * 4)),
    };
    const set = () => cellprofilerSet(join(fixtures, "cellprofiler"));
    const drawn: Drawn = {
      whole: async () => locationsSource("cellprofiler", await set(), options),
      shard: async (shard) => locationsShard("cellprofiler", await set(), options, shard),
    };
    await compare(drawn, random);
  }
});
