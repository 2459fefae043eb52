import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { readSlice } from "./read.ts";

/** What stands at a path, as far as its name and first and last bytes tell. */
export type SourceKind = "nothing" | "saved-model" | "folder" | "hdf5" | "zip" | "v1" | "other";

/** How TensorFlow's tables end. */
const TABLE_END = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

/** Tells what stands at `path` without reading it through. */
export function sourceKind(path: string): SourceKind {
  if (!existsSync(path)) return "nothing";
  const status = statSync(path);
  if (status.isDirectory()) return existsSync(join(path, "saved_model.pb")) ? "saved-model" : "folder";
  if (!status.isFile()) return "other";
  const head = readSlice(path, 0, Math.min(8, status.size));
  const starts = (...bytes: number[]) => bytes.every((b, i) => head[i] === b);
  if (starts(0x89, 0x48, 0x44, 0x46)) return "hdf5";
  if (starts(0x50, 0x4b, 3, 4)) return "zip";
  if (status.size < 48) return "other";
  const tail = readSlice(path, status.size - 8, 8);
  return TABLE_END.every((b, i) => tail[i] === b) ? "v1" : "other";
}

/** What a source should have been. */
export interface WantedSource {
  /** What a file of no known kind is not, as "is not an HDF5 file". */
  readonly not: string;
  /** What to give. */
  readonly give: string;
}

/**
 * The one line for a source that is none of what is wanted: what it is instead, and how to get from there to what is
 * read.
 */
export function wrongSource(path: string, { not, give }: WantedSource): DataError {
  const what: Record<SourceKind, () => string> = {
    nothing: () => `there is no such file; give ${give}`,
    "saved-model": () =>
      `is a SavedModel, which numbers its variables instead of naming them; load it in TensorFlow and write model.save_weights("weights") for a checkpoint or model.save("model.h5") for a Keras file, and give that`,
    folder: () => {
      const inside = filesInside(path);
      return `is a folder${inside.length === 0 ? "" : ` (with ${inside.join(", ")})`}; give ${give}`;
    },
    hdf5: () => `is an HDF5 file; give ${give}`,
    zip: () =>
      path.endsWith(".keras")
        ? "is a .keras archive; unpack it (it is a zip file) and give its model.weights.h5"
        : `is a zip archive, as .keras and PyTorch files are; give ${give}, or run a PyTorch model as a program of its own (docs/own-model.md)`,
    v1: () =>
      "is a checkpoint of TensorFlow's first format (one file, no .index beside it); restore it in TensorFlow and save it again with tf.compat.v1.train.Saver(write_version=2)",
    other: () => `is ${not}; give ${give}`,
  };
  return new DataError(what[sourceKind(path)](), { path });
}

/** Names in a folder that may be meant: prefixes of checkpoints and HDF5 files. */
function filesInside(path: string): string[] {
  return readdirSync(path)
    .filter((name) => /\.(index|h5|hdf5|onnx)$/.test(name))
    .map((name) => name.replace(/\.index$/, ""))
    .sort()
    .slice(0, 5);
}
