import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { replaceFolder } from "../cells/writer.ts";
import { DataError } from "../errors.ts";
import { makeFolder, writeError } from "../files/atomic.ts";
import { table, writeCsv } from "../files/table.ts";
import { encodeTiff } from "../files/tiff.ts";
import { connectedComponents } from "../image/components.ts";
import type { DatasetField } from "./dataset.ts";
import type { Organism } from "./organism.ts";

/** Manifest of the folder: a row per field. */
const MANIFEST = "fields.csv";

/**
 * Whole fields as a microscope and a segmentation leave them: per field a 16-bit TIFF for each channel
 * (`NAME_CHANNEL.tif`, counts), the label image of the cells (`NAME_cells.tif`) and, for organisms with a nuclear
 * channel, that of their nuclei, each under a label of its own (`NAME_nuclei.tif`); `fields.csv` lists them, with the field's
 * protein and localization, as `cellswap import fields` reads it. Nothing stands at `out` before {@link finish}.
 */
export class FieldFolder {
  readonly #out: string;
  readonly #partial: string;
  readonly #organism: Organism;
  readonly #rows: Record<string, string>[] = [];

  /** `cells` is where the cell store goes. @throws DataError where something else than such a folder stands at `out` or nothing can be written there. */
  constructor(out: string, organism: Organism, cells: string) {
    if (`${resolve(out)}/`.startsWith(`${resolve(cells)}/`))
      throw new DataError("lies in the folder of the cells; choose another --fields-out", { path: out });
    if (existsSync(out)) {
      if (!statSync(out).isDirectory())
        throw new DataError("is a file; choose another --fields-out", { path: out });
      if (readdirSync(out).length > 0 && !existsSync(join(out, MANIFEST)))
        throw new DataError("is not empty and holds no simulated fields; choose another --fields-out", {
          path: out,
        });
    }
    this.#out = resolve(out);
    this.#partial = `${this.#out}.part-${process.pid}`;
    this.#organism = organism;
    this.#named(() => {
      rmSync(this.#partial, { recursive: true, force: true });
      makeFolder(this.#partial);
    });
  }

  /** Writes one field. */
  add({ name, protein, field }: Omit<DatasetField, "cells">): void {
    const { size, image, labels, nuclei } = field;
    const row: Record<string, string> = {
      Field: name,
      Protein: protein.name,
      Localization: protein.shares.map((s) => s.localization).join("|"),
    };
    const write = (column: string, part: string, pixels: Uint16Array) => {
      row[column] = `${name}_${part}.tif`;
      this.#named(() => writeFileSync(join(this.#partial, row[column]), encodeTiff(pixels, size, size)));
    };
    this.#organism.channels.forEach((channel, c) => {
      const plane = image.subarray(c * size * size, (c + 1) * size * size);
      write(
        `File_${channel}`,
        channel,
        Uint16Array.from(plane, (v) => Math.min(65535, v)),
      );
    });
    write("Labels_Cells", "cells", labels);
    if (nuclei !== null) {
      const pieces = new Int32Array(nuclei.length);
      connectedComponents(nuclei, size, size, pieces);
      write("Labels_Nuclei", "nuclei", Uint16Array.from(pieces));
    }
    this.#rows.push(row);
  }

  /** Writes the manifest and puts the folder in its place. */
  finish(): void {
    this.#named(() => {
      const names = Object.keys(this.#rows[0] ?? { Field: "" });
      const columns = names.map((name) => [name, this.#rows.map((row) => row[name])] as const);
      writeCsv(join(this.#partial, MANIFEST), table(new Map(columns)));
      replaceFolder(this.#partial, this.#out);
    });
  }

  /** Leaves no trace: for a simulation that failed. */
  abandon(): void {
    rmSync(this.#partial, { recursive: true, force: true });
  }

  #named<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw writeError(this.#out, cause);
    }
  }
}
