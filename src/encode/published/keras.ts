import { existsSync, statSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { startWorker } from "../../files/worker.ts";
import type { KerasContent } from "./keras-read.ts";
import { damaged } from "./protobuf.ts";
import { readSlice } from "./read.ts";

/** What the worker answers: the content, or the one line that says why there is none. */
export type KerasAnswer = { readonly content: KerasContent } | { readonly message: string };

const SIGNATURE = 0x46444889;

/**
 * Reads a Keras HDF5 file in a thread of its own, which is stopped after `seconds`: the HDF5 library reads damaged
 * files too, and must take neither the program's time nor its standard error with it. `values` reads the arrays as well.
 * @throws DataError where it is not HDF5, is damaged, declares more than it can hold, or takes too long.
 */
export async function openKeras(path: string, values: boolean, seconds = 60): Promise<KerasContent> {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new DataError("there is no such file; give the Keras weights (model_weights.h5)", { path });
  const head = readSlice(path, 0, Math.min(8, statSync(path).size));
  if (head.length < 8 || new DataView(head.buffer).getUint32(0, true) !== SIGNATURE)
    throw new DataError("is not an HDF5 file; give the Keras weights (model_weights.h5)", { path });
  const worker = startWorker(import.meta.url, "keras-worker", { path, values }, [
    import.meta.resolve("h5wasm/node"),
  ]);
  try {
    const answer = await new Promise<KerasAnswer>((resolve, reject) => {
      const late = setTimeout(
        () => reject(damaged(path, `HDF5 did not read it within ${seconds} s`)),
        seconds * 1000,
      );
      const stop = (then: () => void) => {
        clearTimeout(late);
        then();
      };
      worker.once("message", (m: KerasAnswer) => stop(() => resolve(m)));
      worker.once("error", (cause) =>
        stop(() =>
          reject(new DataError("is damaged (HDF5 gave up on it); fetch the file again", { path, cause })),
        ),
      );
      worker.once("exit", () => stop(() => reject(damaged(path, "HDF5 gave up on it"))));
    });
    if ("message" in answer) throw new DataError(answer.message);
    return answer.content;
  } finally {
    await worker.terminate();
  }
}
