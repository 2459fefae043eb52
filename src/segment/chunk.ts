import { closeSync, openSync } from "node:fs";
import { DataError } from "../errors.ts";
import { writeAll } from "../files/atomic.ts";
import { NpyReader, npyHeader } from "../files/npy.ts";
import { MEASURES } from "../masks/verdict.ts";
import { type FieldScale, fieldScale } from "./field.ts";
import { Segmenter } from "./segment.ts";

/** What all chunks of one segmentation have in common. */
export interface ChunkContext {
  /** `crops.npy` of the store. */
  readonly crops: string;
  /** `masks.npy` whose center cells are kept; null: centers are searched for. */
  readonly centers: string | null;
  /** Finished header, rows to be filled in. */
  readonly out: string;
  readonly channels: readonly string[];
  /** Index of the channel that is segmented. */
  readonly channel: number;
  readonly height: number;
  readonly width: number;
  /** Typical diameter of a cell, px. */
  readonly diameter: number;
}

/** Cells of one field that a thread segments in one go. */
export interface Chunk {
  readonly field: number;
  /** Rows that the field's scale is taken from, the same in all of its chunks. */
  readonly sample: Int32Array;
  readonly rows: Int32Array;
}

export interface ChunkResult {
  readonly rows: Int32Array;
  readonly field: number;
  readonly scale: FieldScale;
  readonly verdicts: string[];
  /** rows x MEASURES. */
  readonly measures: Float64Array;
}

/** Segments chunks of a store's cells and writes their masks to their place in the new file. */
export class ChunkSegmenter {
  readonly #context: ChunkContext;
  readonly #crops: NpyReader;
  readonly #centers: NpyReader | undefined;
  readonly #out: number;
  readonly #segmenter: Segmenter;
  readonly #crop: Float32Array;
  readonly #mask: Uint8Array;
  #field = -1;
  #scale: FieldScale = { low: 0, high: 0, threshold: 0 };

  constructor(context: ChunkContext) {
    this.#context = context;
    const { height, width, channels } = context;
    this.#crops = new NpyReader(context.crops);
    if (context.centers !== null) this.#centers = new NpyReader(context.centers);
    this.#out = openSync(context.out, "r+");
    this.#segmenter = new Segmenter(height, width, context.diameter);
    this.#crop = new Float32Array(channels.length * height * width);
    this.#mask = new Uint8Array(height * width);
  }

  run({ field, sample, rows }: Chunk): ChunkResult {
    const { height, width, diameter, out } = this.#context;
    if (this.#field !== field) {
      this.#scale = fieldScale(sample.length, height, width, diameter, (k, into) =>
        into.set(this.#read(sample[k])),
      );
      this.#field = field;
    }
    const verdicts: string[] = [];
    const measures = new Float64Array(rows.length * MEASURES.length);
    const start = npyHeader("uint8", [0, height, width]).length;
    rows.forEach((row, k) => {
      const channel = this.#read(row);
      let judged: ReturnType<Segmenter["segment"]>;
      if (this.#centers === undefined) judged = this.#segmenter.segment(channel, this.#scale, this.#mask);
      else {
        this.#centers.read(row, 1, this.#mask);
        judged = this.#segmenter.completeNeighbors(channel, this.#scale, this.#mask);
      }
      writeAll(this.#out, this.#mask, start + row * height * width, out);
      const constant = channel.every((v) => v === channel[0]);
      verdicts.push(
        constant ? (judged.verdict === "ok" ? "constant" : `constant;${judged.verdict}`) : judged.verdict,
      );
      MEASURES.forEach((name, m) => {
        measures[k * MEASURES.length + m] = judged.measures[name];
      });
    });
    return { rows, field, scale: this.#scale, verdicts, measures };
  }

  close(): void {
    this.#crops.close();
    this.#centers?.close();
    closeSync(this.#out);
  }

  /** The segmented channel of a crop; valid until the next call. */
  #read(row: number): Float32Array {
    const { channel, channels, height, width, crops } = this.#context;
    this.#crops.read(row, 1, this.#crop);
    const values = this.#crop.subarray(channel * height * width, (channel + 1) * height * width);
    const bad = values.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0)
      throw new DataError(
        `crop ${row} has ${values[bad]} in channel ${channels[channel]} (row ${Math.floor(bad / width)}, column ${bad % width}); mend the source and import the cells again`,
        { path: crops },
      );
    return values;
  }
}
