import { CropArray } from "../cells/crop-array.ts";
import { DataError } from "../errors.ts";
import { NpyReader } from "../files/npy.ts";
import { type Judgment, MEASURES } from "../masks/verdict.ts";
import { type FieldScale, fieldScale, type ScaleOptions } from "./field.ts";
import { smoothing } from "./recipe.ts";
import { SeededSegmenter, seededScales } from "./seeded.ts";
import { Segmenter } from "./segment.ts";
import { type UnfinishedFiles, UnfinishedMasks } from "./unfinished.ts";

/** What all chunks of one segmentation have in common. */
export interface ChunkContext {
  /** `crops.npy` of the store. */
  readonly crops: string;
  /** `masks.npy` whose center cells are kept; null: centers are searched for. */
  readonly centers: string | null;
  /** Where masks and verdicts are kept. */
  readonly out: UnfinishedFiles;
  /** 1 for every place that an earlier process has filled. */
  readonly made: Uint8Array;
  readonly channels: readonly string[];
  /** Index of the channel that is segmented. */
  readonly channel: number;
  /** Index of the channel of nuclei that cells are found from; null: cells are found by themselves. */
  readonly nuclei: number | null;
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
  /** Where the masks and verdicts of the rows are kept; the rows themselves where a whole store is segmented. */
  readonly places: Int32Array;
}

export interface ChunkResult {
  readonly rows: Int32Array;
  readonly places: Int32Array;
  readonly field: number;
  readonly scale: FieldScale;
  readonly verdicts: string[];
  /** rows x MEASURES. */
  readonly measures: Float64Array;
}

/** Segments chunks of a store's cells and keeps their masks and verdicts as they are made. */
export class ChunkSegmenter {
  readonly #context: ChunkContext;
  readonly #crops: CropArray;
  readonly #centers: NpyReader | undefined;
  readonly #out: UnfinishedMasks;
  readonly #segmenter: Segmenter | SeededSegmenter;
  readonly #crop: Float32Array;
  readonly #mask: Uint8Array;
  #field = -1;
  /** Scales of the field at hand: of the channel, and of the nuclei where cells are found from them. */
  #scale: FieldScale = { low: 0, high: 0, threshold: 0 };
  #nuclei: FieldScale = { low: 0, high: 0, threshold: 0 };

  constructor(context: ChunkContext) {
    this.#context = context;
    const { height, width, channels } = context;
    this.#crops = new CropArray(context.crops);
    if (context.centers !== null) this.#centers = new NpyReader(context.centers);
    this.#out = new UnfinishedMasks(context.out);
    this.#segmenter =
      context.nuclei === null
        ? new Segmenter(height, width, context.diameter)
        : new SeededSegmenter(height, width, context.diameter);
    this.#crop = new Float32Array(channels.length * height * width);
    this.#mask = new Uint8Array(height * width);
  }

  run({ field, sample, rows, places }: Chunk): ChunkResult {
    const { channel: index, made } = this.#context;
    if (this.#field !== field) {
      this.#measure(sample);
      this.#field = field;
    }
    const verdicts: string[] = [];
    const measures = new Float64Array(rows.length * MEASURES.length);
    rows.forEach((row, k) => {
      const own = measures.subarray(k * MEASURES.length, (k + 1) * MEASURES.length);
      const place = places[k];
      if (made[place] === 1) {
        verdicts.push(this.#out.judgment(place, own));
        return;
      }
      this.#read(row);
      const channel = this.#plane(row, index);
      const judged = this.#segment(row, channel);
      const constant = channel.every((v) => v === channel[0]);
      const verdict = constant
        ? judged.verdict === "ok"
          ? "constant"
          : `constant;${judged.verdict}`
        : judged.verdict;
      this.#out.write(place, this.#mask, verdict, judged.measures);
      verdicts.push(verdict);
      MEASURES.forEach((name, m) => {
        own[m] = judged.measures[name];
      });
    });
    return { rows, places, field, scale: this.#scale, verdicts, measures };
  }

  /** Takes the scales of a field. */
  #measure(sample: Int32Array): void {
    const { height, width, diameter, channel, nuclei } = this.#context;
    const scale = (index: number, options: ScaleOptions) =>
      fieldScale(sample.length, height, width, options, (k, into) => {
        this.#read(sample[k]);
        into.set(this.#plane(sample[k], index));
      });
    if (nuclei === null) this.#scale = scale(channel, { sigma: smoothing(diameter) });
    else {
      const options = seededScales(diameter);
      this.#scale = scale(channel, options.cells);
      this.#nuclei = scale(nuclei, options.nuclei);
    }
  }

  /** Writes the mask of a crop that was read. */
  #segment(row: number, channel: Float32Array): Judgment {
    const segmenter = this.#segmenter;
    if (segmenter instanceof SeededSegmenter) {
      const nuclei = this.#plane(row, this.#context.nuclei!);
      return segmenter.segment(
        { nuclei, cells: channel },
        { nuclei: this.#nuclei, cells: this.#scale },
        this.#mask,
      );
    }
    if (this.#centers === undefined) return segmenter.segment(channel, this.#scale, this.#mask);
    this.#centers.read(row, 1, this.#mask);
    return segmenter.completeNeighbors(channel, this.#scale, this.#mask);
  }

  close(): void {
    this.#crops.close();
    this.#centers?.close();
    this.#out.close();
  }

  #read(row: number): void {
    this.#crops.read(row, this.#crop);
  }

  /** A channel of the crop that was read last. */
  #plane(row: number, channel: number): Float32Array {
    const { channels, height, width, crops } = this.#context;
    const values = this.#crop.subarray(channel * height * width, (channel + 1) * height * width);
    let bad = -1;
    for (let i = 0; i < values.length && bad < 0; i++) if (values[i] - values[i] !== 0) bad = i;
    if (bad >= 0)
      throw new DataError(
        `crop ${row} has ${values[bad]} in channel ${channels[channel]} (row ${Math.floor(bad / width)}, column ${bad % width}); mend the source and import the cells again`,
        { path: crops },
      );
    return values;
  }
}
