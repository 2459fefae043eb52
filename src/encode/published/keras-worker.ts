import fs from "node:fs";
import { loadHdf5 } from "../../cells/readers/hdf5.ts";
import { serve } from "../../files/worker.ts";
import type { KerasTask } from "./keras.ts";
import { readKeras } from "./keras-read.ts";

// The HDF5 library prints its own account of every failure to standard error; in this thread it is dropped.
console.warn = console.error = () => {};
const write = fs.writeSync as (file: number, data: Uint8Array, ...rest: number[]) => number;
fs.writeSync = ((file: number, data: Uint8Array, ...rest: number[]) =>
  file === 2 ? (rest[1] ?? data.length) : write(file, data, ...rest)) as typeof fs.writeSync;

serve(() => async ({ path, values }: KerasTask) => {
  const { h5 } = await loadHdf5();
  return readKeras(h5, path, values);
});
