import { Pool } from "../../../files/pool.ts";
import type { RowCalls } from "../calls.ts";
import type { CallTask, LossTask } from "./worker.ts";

/** Threads that look at the rows of probes of all classes. Call `dispose` when done: they keep the process alive. */
export type ProbePool = Pool<LossTask | CallTask, number | RowCalls>;

export function probePool(threads: number): ProbePool {
  return new Pool({ base: import.meta.url, module: "worker", threads, work: "fit of probes of all classes" });
}

let versions = 0;

/** A number for weights that no others have. */
export const nextVersion = (): number => ++versions;
