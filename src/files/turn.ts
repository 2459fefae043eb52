import { InterruptedError } from "../errors.ts";

/**
 * Lets the event loop turn once. Work that reads files synchronously never does so by itself, and Ctrl-C and timers would
 * wait for its end.
 */
export function turn(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

/** @throws InterruptedError where `signal` says so, and nothing is written yet */
export function checkStop(signal: AbortSignal | undefined, path: string): void {
  if (signal?.aborted === true) throw new InterruptedError("stopped; nothing was written", { path });
}
