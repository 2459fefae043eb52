import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { damaged } from "../../files/protobuf.ts";
import { SETTINGS, type Setting } from "../../settings.ts";
import type { Features } from "../../types.ts";
import { readPickle } from "./pickle.ts";
import { copyValues, isArray, isTuple, type PickleArray, type PickleValue } from "./pickle-numpy.ts";
import { readLimited } from "./read.ts";

/** One feature pickle of the authors' layout. */
export interface FeatureFile {
  readonly setting: Setting;
  /** Localization of the cells. */
  readonly class: string;
  /** Localization that the backgrounds come from; the class itself for `same`, null where there is none. */
  readonly background: string | null;
  readonly path: string;
}

/** A folder of feature pickles, as the authors' evaluation reads it. */
export interface FeatureFolder {
  readonly path: string;
  readonly layer: string;
  /** In alphabetical order. */
  readonly classes: readonly string[];
  /** Sorted by setting (order of SETTINGS), class, background. */
  readonly files: readonly FeatureFile[];
}

/** Folders of the layout, and the settings that their files are for; `pair` files are named CLASS_BACKGROUND.pkl, others CLASS.pkl. */
const FOLDERS: readonly { readonly name: string; readonly setting: Setting; readonly pair: boolean }[] = [
  { name: "logs_base", setting: "original", pair: false },
  { name: "logs_mask", setting: "masked", pair: false },
  { name: "logs_batch", setting: "cell-free", pair: true },
  { name: "logs", setting: "different", pair: true },
];
/** Bytes of one pickle; the authors' hold about a thousand vectors. */
const LARGEST_FILE = 2 ** 30;
/** Values for every byte of a file: a list may name one array several times, but not make much out of little. */
const MOST_SHARED = 4;
/** Values that are there again because an array is named again. */
const MOST_AGAIN = 2 ** 24;
/** Values of one file's features. */
const MOST_VALUES = 2 ** 28;
const DEEPEST = 4;
/** Arrays and lists that are met on the way; lists that hold each other many times over would have no end. */
const MOST_VISITS = 4_000_000;

/**
 * Lists the feature pickles of one encoder in the authors' layout: `logs/LAYER/A_B.pkl` (cells of A on backgrounds of
 * B; A_A serves `same` as well as `different`), `logs_batch` (cell-free backgrounds), `logs_base/LAYER/A.pkl`
 * (original) and `logs_mask` (masked). Nothing is read yet. `layer` may be left out where there is only one.
 * @throws DataError where none of the folders is there or a file is not named so; StudyError for a layer to choose.
 */
export function readFeatureFolder(path: string, layer?: string): FeatureFolder {
  const present = FOLDERS.map((f) => ({ ...f, layers: list(join(path, f.name)) })).filter(
    (f) => f.layers !== null,
  );
  if (present.length === 0)
    throw new DataError(
      `has none of the folders ${FOLDERS.map((f) => f.name).join(", ")}; give the folder that holds them, or, for features of your own, name their file in a study file (docs/own-features.md)`,
      { path },
    );
  const layers = [...new Set(present.flatMap((f) => f.layers!))].sort();
  const chosen = layer ?? (layers.length === 1 ? layers[0] : undefined);
  if (chosen === undefined || !layers.includes(chosen))
    throw new StudyError(
      `${path}: ${chosen === undefined ? "choose a layer" : `has no layer ${chosen}; choose one`} of ${layers.join(", ") || "none (the folders are empty)"}`,
    );
  const found = present.flatMap(({ name, setting, pair }) => {
    const folder = join(path, name, chosen);
    const names = (list(folder) ?? []).filter((n) => n.endsWith(".pkl")).map((n) => n.slice(0, -4));
    return names.map((n) => ({ setting, pair, name: n, path: join(folder, `${n}.pkl`) }));
  });
  const classes = classNames(found, path);
  const files: FeatureFile[] = [];
  for (const { setting, pair, name, path: file } of found) {
    if (!pair) files.push({ setting, class: name, background: null, path: file });
    else {
      const [own, background] = split(name, classes, file);
      files.push({ setting, class: own, background, path: file });
      if (setting === "different" && own === background)
        files.push({ setting: "same", class: own, background, path: file });
    }
  }
  const order = (f: FeatureFile) => [SETTINGS.indexOf(f.setting), f.class, f.background ?? ""] as const;
  files.sort((x, y) => {
    const [a, b] = [order(x), order(y)];
    return a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[2] < b[2] ? -1 : a[2] > b[2] ? 1 : 0);
  });
  return { path, layer: chosen, classes, files };
}

function list(folder: string): string[] | null {
  try {
    return statSync(folder).isDirectory()
      ? readdirSync(folder)
          .filter((n) => !n.startsWith("."))
          .sort()
      : null;
  } catch {
    return null;
  }
}

/** Class names: those of single files, else those X for which X_X.pkl is there. */
function classNames(found: readonly { pair: boolean; name: string }[], path: string): string[] {
  const single = found.filter((f) => !f.pair).map((f) => f.name);
  const double = found.flatMap(({ pair, name }) => {
    const half = name.slice(0, (name.length - 1) / 2);
    return pair && name === `${half}_${half}` ? [half] : [];
  });
  const classes = [...new Set([...single, ...double])].sort();
  if (classes.length === 0)
    throw new DataError(
      "names no class: neither CLASS.pkl in logs_base or logs_mask nor CLASS_CLASS.pkl in logs",
      { path },
    );
  return classes;
}

function split(name: string, classes: readonly string[], path: string): [string, string] {
  const ways = [...name.matchAll(/_/g)]
    .map((m): [string, string] => [name.slice(0, m.index), name.slice(m.index + 1)])
    .filter(([a, b]) => classes.includes(a) && classes.includes(b));
  if (ways.length !== 1)
    throw new DataError(
      `is not named CLASS_BACKGROUND.pkl with two of the classes ${classes.join(", ")}; rename or remove it`,
      { path },
    );
  return ways[0];
}

/**
 * Reads one feature pickle as rows in file order, as `numpy.vstack` puts them: a list of vectors, of matrices, or one
 * matrix. Values become float32.
 * @throws DataError where it holds anything else, rows of different lengths, or values that are not finite.
 */
export function readFeaturePickle(path: string): Features {
  const arrays: PickleArray[] = [];
  const visits = { left: MOST_VISITS };
  const bytes = readLimited(path, LARGEST_FILE, "a feature pickle");
  collect(readPickle(bytes, path), arrays, visits, 0, path);
  const widths = new Set(arrays.map((a) => a.shape[a.shape.length - 1] ?? 1));
  if (arrays.length === 0 || arrays.some((a) => a.shape.length > 2))
    throw new DataError(
      `holds ${arrays.length === 0 ? "no arrays" : "arrays of more than two dimensions"}; vectors are needed`,
      { path },
    );
  if (widths.size > 1)
    throw new DataError(
      `holds vectors of different lengths (${[...widths].slice(0, 5).join(", ")}); give features of one layer`,
      { path },
    );
  const [dimension] = widths;
  const rows = arrays.reduce((n, a) => n + (a.shape.length === 2 ? a.shape[0] : 1), 0);
  if (!(rows * dimension <= MOST_VALUES) || dimension === 0)
    throw damaged(path, `${rows} vectors of ${dimension} values`);
  const own = [...new Map(arrays.map((a) => [a.raw, a])).values()].reduce((n, a) => n + valuesOf(a), 0);
  if (rows * dimension > MOST_SHARED * bytes.length || rows * dimension - own > MOST_AGAIN)
    throw damaged(path, `${rows} vectors of ${dimension} values are one and the same, over and over`);
  const data = new Float32Array(rows * dimension);
  let at = 0;
  for (const array of arrays) {
    copyValues(array, data, at, path);
    at += valuesOf(array);
  }
  const wrong = data.findIndex((v) => !Number.isFinite(v));
  if (wrong >= 0)
    throw new DataError(
      `vector ${Math.floor(wrong / dimension) + 1} holds ${data[wrong]}; features must be finite`,
      { path },
    );
  return { rows, dimension, data };
}

const valuesOf = ({ shape }: PickleArray) => shape.reduce((a, b) => a * b, 1);

function collect(
  value: PickleValue,
  into: PickleArray[],
  visits: { left: number },
  depth: number,
  path: string,
): void {
  if (--visits.left < 0) throw damaged(path, "its lists hold each other");
  const items = Array.isArray(value) ? value : isTuple(value) ? value.items : null;
  if (items !== null && depth < DEEPEST)
    for (const item of items) collect(item, into, visits, depth + 1, path);
  else if (isArray(value)) into.push(value);
  else
    throw new DataError(
      "holds something other than numpy arrays and lists of them; give the features alone",
      { path },
    );
}
