import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DataError } from "../errors.ts";
import {
  commitFolder,
  makeFolder,
  partName,
  refuseLink,
  removeLeftParts,
  syncFolder,
  syncTree,
  writeError,
} from "../files/atomic.ts";
import { putCopy } from "../files/pair.ts";
import { isLeft, processTag } from "../files/parts.ts";
import { readCsv, table, writeCsv } from "../files/table.ts";
import { encodeTiff } from "../files/tiff.ts";
import { connectedComponents } from "../image/components.ts";
import { kindOf, plateName } from "./cultures.ts";
import type { DatasetField } from "./dataset.ts";
import type { Organism } from "./organism.ts";

/** Manifest of the folder: a row per field. */
const MANIFEST = "fields.csv";
/** Folders in which new fields stand until they take the place of older ones. */
const STAGED = /^fields\.new-[0-9a-f]{8}-\d+-\d+$/;
/** Columns of the manifest that name files. */
const IS_FILE = /^(?:File|Labels)_/;

/**
 * Whole fields as a microscope and a segmentation leave them: per field a 16-bit TIFF for each channel
 * (`NAME_CHANNEL.tif`, counts), the label image of the cells (`NAME_cells.tif`) and, for organisms with a nuclear
 * channel, that of their nuclei, each under a label of its own (`NAME_nuclei.tif`); `fields.csv` lists them, with the field's
 * plate, protein and localization (`Proteins` where several share it), as `cellswap import fields` reads it. Nothing stands at `out` before {@link finish}.
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
    refuseLink(out);
    if (existsSync(out)) {
      if (!statSync(out).isDirectory())
        throw new DataError("is a file; choose another --fields-out", { path: out });
      if (readdirSync(out).length > 0 && listed(out) === null)
        throw new DataError("is not empty and holds no simulated fields; choose another --fields-out", {
          path: out,
        });
    }
    this.#out = resolve(out);
    this.#partial = partName(this.#out);
    this.#organism = organism;
    this.#named(() => {
      removeLeftParts(dirname(this.#out));
      makeFolder(this.#partial);
    });
  }

  /** Writes one field. */
  add({ name, proteins, plate, field }: Omit<DatasetField, "cells">): void {
    const { size, image, labels, nuclei } = field;
    const row: Record<string, string> = {
      ...(plate === null ? {} : { Plate: plateName(plate) }),
      Field: name,
      ...(proteins.length > 1
        ? { Proteins: proteins.map((protein) => protein.name).join("|") }
        : { Protein: proteins[0].name, Localization: kindOf(proteins[0]) }),
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

  /**
   * Writes the manifest and puts the folder in its place, or its files in that of an older one's: at every moment, also
   * after a kill or a power cut, `fields.csv` lists the old fields or the new ones, and they are whole.
   */
  finish(): void {
    this.#named(() => {
      const old = existsSync(this.#out) ? listed(this.#out) : null;
      if (old === null) {
        this.#list(join(this.#partial, MANIFEST), "");
        commitFolder(this.#partial, this.#out);
      } else this.#replace(old);
    });
  }

  /** The manifest names the new fields in a folder of their own until each file bears its name. */
  #replace(old: readonly string[]): void {
    const manifest = join(this.#out, MANIFEST);
    const within = `fields.new-${processTag()}`;
    const staged = join(this.#out, within);
    const names = this.#rows.flatMap(filesOf);
    rmSync(staged, { recursive: true, force: true });
    // What is to be removed is known from here, should the rest be left to the next simulation.
    copyFileSync(manifest, join(this.#partial, MANIFEST));
    syncTree(this.#partial);
    renameSync(this.#partial, staged);
    syncFolder(this.#out);
    this.#list(manifest, `${within}/`);
    for (const name of names) putCopy(join(staged, name), join(this.#out, name));
    const left = readdirSync(this.#out).filter((name) => STAGED.test(name) && isLeft(join(this.#out, name)));
    for (const name of [...old, ...left.flatMap((folder) => listed(join(this.#out, folder)) ?? [])])
      if (!names.includes(name)) rmSync(join(this.#out, name), { force: true });
    syncFolder(this.#out);
    this.#list(manifest, "");
    for (const folder of [...left, within]) removeStaged(join(this.#out, folder));
  }

  #list(path: string, within: string): void {
    const names = Object.keys(this.#rows[0] ?? { Field: "" });
    const value = (row: Record<string, string>, name: string) =>
      IS_FILE.test(name) ? `${within}${row[name]}` : row[name];
    const columns = names.map((name) => [name, this.#rows.map((row) => value(row, name))] as const);
    writeCsv(path, table(new Map(columns)));
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

/** The manifest goes last: it says which old fields are to be removed as well. */
function removeStaged(folder: string): void {
  for (const name of readdirSync(folder))
    if (name !== MANIFEST) rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** Files of one row of a manifest. */
function filesOf(row: Record<string, string>): string[] {
  return Object.keys(row)
    .filter((name) => IS_FILE.test(name))
    .map((name) => row[name]);
}

/**
 * Files of the fields that an earlier simulation wrote into a folder; null where its manifest is not there or lists
 * files with names of another kind, so that somebody else's are never taken for ours.
 */
function listed(out: string): string[] | null {
  const manifest = join(out, MANIFEST);
  if (!existsSync(manifest)) return null;
  const columns = readCsv(manifest);
  const fields = columns.get("Field");
  if (fields === undefined || !columns.has("Labels_Cells")) return null;
  const files: string[] = [];
  for (const [column, values] of columns) {
    if (!IS_FILE.test(column)) continue;
    const part =
      column === "Labels_Cells" ? "cells" : column === "Labels_Nuclei" ? "nuclei" : column.slice(5);
    for (const [row, value] of values.entries()) {
      const name = value.replace(/^fields\.new-[0-9a-f]{8}-\d+-\d+\//, "");
      if (name !== `${fields[row]}_${part}.tif` || name.includes("/")) return null;
      files.push(name);
    }
  }
  return files;
}
