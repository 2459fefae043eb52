import type { CellColumns, CompositeColumns, PredictionColumns } from "../../src/explore/filter.ts";
import { originalRows } from "../../src/explore/filter.ts";
import { MOST_CLASSES, type ViewStudy, viewIndexSchema } from "../../src/explore/format.ts";
import type { ReportSummary } from "../../src/report/summary.ts";
import { SETTINGS, type Setting } from "../../src/settings.ts";
import type { Scales } from "../../src/swap/intensity.ts";
import { NpyRows } from "./arrays.ts";
import { ParquetColumns } from "./columns.ts";
import { CropReader } from "./crops.ts";
import { fetchJson, LoadError } from "./fetch.ts";
import { Pictures } from "./pictures.ts";
import { readScales } from "./scales.ts";

/** The plan's composites, and whose medium each shows. */
export interface Composites extends CompositeColumns {
  readonly medium: Int32Array;
  readonly count: number;
  /** Row of the plan that shows every cell as imaged; -1 where none does. */
  readonly originals: Int32Array;
  /** Rows of every cell, in the order of the plan: those of cell c are `rowsOf[starts[c]]` to `rowsOf[starts[c + 1] - 1]`. */
  readonly rowsOf: Int32Array;
  readonly starts: Int32Array;
}

/** The cells of the store. */
export interface CellTable extends CellColumns {
  readonly count: number;
  /** Closed group; -1 for cells that no probe judges. */
  readonly group: Int32Array;
  /** Pixels of the center mask. */
  readonly cellArea: Float32Array;
  /** Composites that show its surroundings. */
  readonly lends: Int32Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly rowOf: ReadonlyMap<string, number>;
}

export interface Predicted extends PredictionColumns {
  readonly probability: Float32Array;
  readonly own: Float32Array;
}

export interface MapColumns {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export const ORIGINAL = SETTINGS.indexOf("original");
export const settingOf = (number: number): Setting => SETTINGS[number];

/** One study of the server; everything is read once, when it is first asked for. */
export class StudyData {
  readonly about: ViewStudy;
  /** Folder of its files, with a slash behind. */
  readonly base: string;
  readonly #kept = new Map<string, Promise<unknown>>();

  constructor(about: ViewStudy, base: string) {
    this.about = about;
    this.base = base;
  }

  #once<T>(key: string, make: () => Promise<T>): Promise<T> {
    let known = this.#kept.get(key) as Promise<T> | undefined;
    if (known === undefined) this.#kept.set(key, (known = make()));
    return known;
  }

  get report(): Promise<ReportSummary> {
    // As the study wrote it; the schema would cost as much as the rest of the page.
    return this.#once("report", async () => (await fetchJson(`${this.base}summary.json`)) as ReportSummary);
  }

  /** Names of the tables that the study wrote, below the study's folder; none where the host has none. */
  get results(): Promise<readonly string[]> {
    return this.#once("results", async () => {
      try {
        return (await fetchJson(`${this.base}results.json`)) as string[];
      } catch {
        return [];
      }
    });
  }

  get composites(): Promise<Composites> {
    return this.#once("composites", async () => {
      const plan = await new ParquetColumns(`${this.base}plan.parquet`, { whole: true }).read<
        Int32Array | Int16Array | Uint8Array
      >({
        cell: (n) => new Int32Array(n),
        setting: (n) => new Uint8Array(n),
        background: (n) => new Int16Array(n),
        donor: (n) => new Int32Array(n),
        medium: (n) => new Int32Array(n),
      });
      const { cell, setting } = plan as { cell: Int32Array; setting: Uint8Array };
      const { count } = this.about.crops;
      const starts = new Int32Array(count + 1);
      for (const c of cell) starts[c + 1]++;
      for (let c = 0; c < count; c++) starts[c + 1] += starts[c];
      const next = starts.slice();
      const rowsOf = new Int32Array(cell.length);
      cell.forEach((c, row) => {
        rowsOf[next[c]++] = row;
      });
      return {
        ...(plan as unknown as Composites),
        count: cell.length,
        originals: originalRows({ cell, setting }, count, ORIGINAL),
        rowsOf,
        starts,
      };
    });
  }

  get cells(): Promise<CellTable> {
    return this.#once("cells", async () => {
      const file = new ParquetColumns(`${this.base}cells.parquet`, { whole: true });
      const texts = (n: number): (string | null)[] => new Array<string | null>(n);
      const [named, group, numbers] = await Promise.all([
        file.read({ cell_id: texts, class: texts, protein: texts, field: texts, verdict: texts }),
        file.read({ group: (n) => new Int32Array(n), lends: (n) => new Int32Array(n) }),
        file.read(
          Object.fromEntries(
            ["cell_area", "neighbor_area", "x", "y"].map((name) => [
              name,
              (n: number) => new Float32Array(n),
            ]),
          ),
        ),
      ]);
      const classes = new Map(this.about.classes.map((name, c) => [name, c]));
      const id = named.cell_id as string[];
      return {
        count: id.length,
        id,
        class: Int16Array.from(named.class, (name) => (name === null ? -1 : (classes.get(name) ?? -1))),
        protein: named.protein,
        field: named.field as string[],
        verdict: named.verdict,
        group: group.group,
        lends: group.lends,
        cellArea: numbers.cell_area,
        neighborArea: numbers.neighbor_area,
        x: numbers.x,
        y: numbers.y,
        rowOf: new Map(id.map((name, row) => [name, row])),
      };
    });
  }

  #columns(encoder: string): ParquetColumns {
    return new ParquetColumns(`${this.base}${encodeURIComponent(encoder)}/composites.parquet`);
  }

  /** What an encoder's probes make of every composite. */
  predicted(encoder: string): Promise<Predicted> {
    return this.#once(`predicted ${encoder}`, async () => {
      const float = (n: number) => new Float32Array(n);
      const read = await this.#columns(encoder).read<Float32Array | Int16Array>({
        prediction: (n) => new Int16Array(n),
        probability: float,
        own: float,
        lent: float,
        margin: float,
      });
      return read as unknown as Predicted;
    });
  }

  /** Places of an encoder's composites on its map. */
  map(encoder: string): Promise<MapColumns> {
    return this.#once(`map ${encoder}`, async () => {
      const float = (n: number) => new Float32Array(n);
      const { map_x, map_y } = await this.#columns(encoder).read<Float32Array>({
        map_x: float,
        map_y: float,
      });
      return { x: map_x, y: map_y };
    });
  }

  /** Probability of every class for one composite; null where there are none. */
  async probabilities(encoder: string, row: number): Promise<Float32Array | null> {
    const known = this.about.encoders.find((e) => e.name === encoder);
    if (known?.predicted !== true || this.about.classes.length > MOST_CLASSES) return null;
    const array = await this.#once(`probabilities ${encoder}`, async () => {
      return new NpyRows(`${this.base}${encodeURIComponent(encoder)}/probabilities.npy`);
    });
    const values = (await array.read(row)) as Float32Array;
    return Number.isNaN(values[0]) ? null : values;
  }

  get scales(): Promise<Scales> {
    return this.#once("scales", () => readScales(this.base));
  }

  /** Composites made beside the page. */
  get pictures(): Promise<Pictures> {
    return this.#once("pictures", async () => new Pictures(this, await this.composites));
  }

  get crops(): Promise<CropReader> {
    return this.#once("crops", async () => new CropReader(this.about, this.base, await this.scales));
  }
}

/** The studies that the server shows. */
export async function openStudies(): Promise<StudyData[]> {
  const index = viewIndexSchema.safeParse(await fetchJson("./data/index.json"));
  if (!index.success)
    throw new LoadError("The studies are of another version of cellswap; run them again with this one.");
  return index.data.studies.map((about, i) => new StudyData(about, `./data/${i}/`));
}
