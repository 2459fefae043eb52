import fs from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { KerasAnswer } from "./keras.ts";
import { readKeras } from "./keras-read.ts";

// The HDF5 library prints its own account of every failure to standard error; in this thread it is dropped.
console.warn = console.error = () => {};
const write = fs.writeSync as (file: number, data: Uint8Array, ...rest: number[]) => number;
fs.writeSync = ((file: number, data: Uint8Array, ...rest: number[]) =>
  file === 2 ? (rest[1] ?? data.length) : write(file, data, ...rest)) as typeof fs.writeSync;

const { path, values } = workerData as { path: string; values: boolean };
const h5 = await import("h5wasm/node");
await h5.ready;
let answer: KerasAnswer;
try {
  answer = { content: readKeras(h5, path, values) };
} catch (error) {
  answer = { message: (error as Error).message };
}
parentPort!.postMessage(answer);
