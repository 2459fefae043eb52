import { existsSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { afterProcessorTime } from "../../files/clock.ts";
import { Pool } from "../../files/pool.ts";
import { damaged } from "../../files/protobuf.ts";
import { bundlePrefix } from "./bundle.ts";
import type { KerasContent } from "./keras-read.ts";
import { sourceKind, wrongSource } from "./kind.ts";

/** What the worker is asked. */
export interface KerasTask {
  readonly path: string;
  /** Whether the arrays are read too. */
  readonly values: boolean;
}

/**
 * Reads a Keras HDF5 file in a thread of its own, which is stopped after `seconds` of the processor: the HDF5 library reads damaged
 * files too, and must take neither the program's time nor its standard error with it. `values` reads the arrays as well.
 * @throws DataError where it is not HDF5, is damaged, declares more than it can hold, or takes too long.
 */
export async function openKeras(path: string, values: boolean, seconds = 20): Promise<KerasContent> {
  if (sourceKind(path) !== "hdf5") {
    if (existsSync(`${bundlePrefix(path)}.index`))
      throw new DataError("is a TensorFlow checkpoint; give the Keras weights (model_weights.h5)", { path });
    throw wrongSource(path, { not: "not an HDF5 file", give: "the Keras weights (model_weights.h5)" });
  }
  const pool = new Pool<KerasTask, KerasContent>({
    base: import.meta.url,
    module: "keras-worker",
    packages: [import.meta.resolve("h5wasm/node")],
    threads: 1,
    work: "reader of HDF5",
  });
  let watched = () => {};
  const late = new Promise<never>((_, reject) => {
    watched = afterProcessorTime(seconds, () =>
      reject(damaged(path, `HDF5 did not read it within ${seconds} s of the processor`)),
    );
  });
  try {
    return await Promise.race([pool.run({ path, values }), late]);
  } catch (cause) {
    // Whatever ends the library's thread, its memory included, lies in the file.
    throw cause instanceof DataError
      ? cause
      : new DataError("is damaged (HDF5 gave up on it); fetch the file again", { path, cause });
  } finally {
    watched();
    await pool.dispose();
  }
}
