import { closeSync, openSync } from "node:fs";
import type { Dataset, File, Group } from "h5wasm/node";
import { DataError } from "../errors.ts";
import type { Column } from "../types.ts";
import { writeLargeAtomic } from "./atomic.ts";

/** A matrix of float32 that is read in pieces: rows `from` to `to` (not included) into `out` (rows x columns). */
export interface Matrix {
  readonly columns: number;
  read(from: number, to: number, out: Float32Array): void;
}

/** A data frame: names of its rows and columns, one or more, by name; null stands for "not known" in text, NaN in numbers. */
export interface Frame {
  readonly index: readonly string[];
  readonly columns: ReadonlyMap<string, Column>;
}

/** What is kept of how the data were made: text, numbers, lists of text, and the same by names. */
export type Unstructured = { readonly [name: string]: string | number | readonly string[] | Unstructured };

/** What an .h5ad holds: rows are cells, columns features. */
export interface AnnData {
  readonly x: Matrix;
  readonly obs: Frame;
  readonly var: Frame;
  /** Further matrices of the same rows. */
  readonly obsm?: ReadonlyMap<string, Matrix>;
  readonly uns?: Unstructured;
}

/** Bytes of a matrix that are held at a time, and those of a chunk in the file. */
const HELD = 1 << 24;
const CHUNK = 1 << 20;

/**
 * Writes an AnnData file (on-disk format 0.1.0 of anndata 0.8 and later: scanpy, zellkonverter). Text with repeated or
 * missing values becomes a category. Matrices pass in bounded pieces; nothing stands at `path` before all is written.
 */
export async function writeH5ad(path: string, data: AnnData): Promise<void> {
  const h5 = await import("h5wasm/node");
  const module = await h5.ready;
  // Errors are thrown, not printed by the library.
  module.activate_throwing_error_handler();
  writeLargeAtomic(path, (partial) => {
    // Here a folder that cannot be written to has a reason that can be told.
    closeSync(openSync(partial, "w"));
    const clock = Date.now;
    // HDF5 stamps all that it makes with the time of day; the same data shall give the same bytes.
    Date.now = () => 0;
    try {
      const file = new h5.File(partial, "w");
      try {
        fill(file, data);
        file.flush();
      } finally {
        closeQuietly(file);
      }
    } catch (cause) {
      throw failed(path, cause);
    } finally {
      Date.now = clock;
    }
  });
}

/** HDF5 tells what the system said in the middle of a stack of its own messages. */
function failed(path: string, cause: unknown): unknown {
  const text = String((cause as Error).message);
  // A failure inside a failure ends with no message, or with one of the library's runtime.
  const twice = text === "" || text.startsWith("Aborted(") ? "the disk is full or failed" : undefined;
  const said = /error message = '([^']+)'/.exec(text)?.[1] ?? twice;
  // Anything else is no matter of the disk.
  if (said === undefined) return cause;
  return new DataError(`cannot be written (${said}); free some space or choose another place`, {
    path,
    cause,
  });
}

function fill(file: File, data: AnnData): void {
  encoding(file, "anndata", "0.1.0");
  const rows = data.obs.index.length;
  matrix(file, "X", rows, data.x);
  frame(file, "obs", data.obs);
  frame(file, "var", data.var);
  const obsm = dictionary(file, "obsm");
  for (const [name, of] of data.obsm ?? []) matrix(obsm, name, rows, of);
  for (const name of ["varm", "obsp", "varp", "layers"]) dictionary(file, name);
  unstructured(dictionary(file, "uns"), data.uns ?? {});
}

function closeQuietly(file: File): void {
  try {
    file.close();
  } catch {
    // What failed before is told.
  }
}

function encoding(of: Group | Dataset, type: string, version: string): void {
  of.create_attribute("encoding-type", type);
  of.create_attribute("encoding-version", version);
}

function dictionary(parent: Group, name: string): Group {
  const group = parent.create_group(name);
  encoding(group, "dict", "0.1.0");
  return group;
}

function matrix(parent: Group, name: string, rows: number, { columns, read }: Matrix): void {
  const step = Math.max(1, Math.min(rows, Math.floor(HELD / (4 * columns))));
  const buffer = new Float32Array(step * columns);
  read(0, step, buffer);
  const whole = step === rows;
  const set = parent.create_dataset({
    name,
    data: buffer,
    shape: [step, columns],
    dtype: "<f4",
    ...(whole
      ? {}
      : {
          maxshape: [rows, columns],
          chunks: [Math.max(1, Math.min(step, Math.floor(CHUNK / (4 * columns)))), columns],
        }),
  });
  if (!whole) set.resize([rows, columns]);
  for (let from = step; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    const piece = buffer.subarray(0, (to - from) * columns);
    read(from, to, piece);
    set.write_slice([[from, to], []], piece);
  }
  encoding(set, "array", "0.2.0");
}

/** Name of the index in obs and var, as anndata has it. */
const INDEX = "_index";

function frame(parent: Group, name: string, { index, columns }: Frame): void {
  const group = parent.create_group(name);
  encoding(group, "dataframe", "0.2.0");
  group.create_attribute("_index", INDEX);
  const names = namesInFile([...columns.keys()]);
  strings(group, "column-order", [...names.values()], true);
  strings(group, INDEX, index);
  for (const [column, values] of columns) {
    const own = names.get(column)!;
    if (ArrayBuffer.isView(values)) {
      const set = group.create_dataset({
        name: own,
        data: values as Float64Array,
        shape: [values.length],
      });
      encoding(set, "array", "0.2.0");
      continue;
    }
    const categories = [...new Set(values)].filter((v) => v !== null).sort();
    if (categories.length === values.length) strings(group, own, values as string[]);
    else categorical(group, own, values, categories);
  }
}

/** Names of columns as they stand in the file, each its own; those that can stay as they are do. */
function namesInFile(columns: readonly string[]): Map<string, string> {
  const used = new Set(columns);
  const names = new Map<string, string>();
  for (const column of columns) {
    let name = safe(column);
    if (name !== column) while (used.has(name)) name += "_";
    used.add(name);
    names.set(column, name);
  }
  return names;
}

/** A slash in a name would be another folder in the file. */
export const safe = (name: string) => name.replaceAll("/", "_");

function categorical(
  parent: Group,
  name: string,
  values: readonly (string | null)[],
  categories: readonly string[],
): void {
  const group = parent.create_group(name);
  encoding(group, "categorical", "0.2.0");
  group.create_attribute("ordered", 0, [], "<i1");
  const codeOf = new Map(categories.map((category, code) => [category, code]));
  const Codes = categories.length < 128 ? Int8Array : categories.length < 32_768 ? Int16Array : Int32Array;
  const codes = new Codes(values.length);
  values.forEach((v, i) => {
    codes[i] = v === null ? -1 : codeOf.get(v)!;
  });
  encoding(group.create_dataset({ name: "codes", data: codes, shape: [codes.length] }), "array", "0.2.0");
  strings(group, "categories", categories);
}

/** An array of text, as data or as an attribute. */
function strings(parent: Group, name: string, values: readonly string[], attribute = false): void {
  if (attribute) parent.create_attribute(name, [...values], [values.length], "S");
  else
    encoding(
      parent.create_dataset({ name, data: [...values], shape: [values.length], dtype: "S" }),
      "string-array",
      "0.2.0",
    );
}

function unstructured(group: Group, values: Unstructured): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "string")
      encoding(group.create_dataset({ name, data: value, dtype: "S" }), "string", "0.2.0");
    else if (typeof value === "number")
      encoding(
        group.create_dataset({ name, data: Float64Array.of(value), shape: [], dtype: "<d" }),
        "numeric-scalar",
        "0.2.0",
      );
    else if (Array.isArray(value)) strings(group, name, value);
    else unstructured(dictionary(group, name), value as Unstructured);
  }
}
