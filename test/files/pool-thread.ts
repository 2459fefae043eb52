import * as errors from "../../src/errors.ts";
import { serve } from "../../src/files/worker.ts";

/** What the threads of the pool's tests are asked. */
export type Asked =
  | { readonly square: number; readonly ms?: number }
  | { readonly fail: string; readonly path?: string }
  | { readonly end: "exit" | "throw" | "memory" };

serve(async (init: { factor: number; broken?: string }) => {
  if (init.broken !== undefined)
    throw new errors.DataError("cannot be opened; mend it", { path: init.broken });
  return (task: Asked): number | Promise<number> => {
    if ("fail" in task) throw made(task.fail, task.path);
    if ("end" in task) return ended(task.end);
    const value = init.factor * task.square ** 2;
    return task.ms === undefined ? value : new Promise((done) => setTimeout(() => done(value), task.ms));
  };
});

function made(kind: string, path: string | undefined): unknown {
  if (kind === "RangeError") return new RangeError("out of range");
  if (kind === "text") return "no error at all";
  const Kind = new Map<string, unknown>(Object.entries(errors)).get(kind) as typeof errors.CellswapError;
  return new Kind(`is a ${kind}: mend it`, path === undefined ? {} : { path });
}

function ended(how: "exit" | "throw" | "memory"): Promise<never> {
  if (how === "exit") process.exit(3);
  if (how === "throw")
    setTimeout(() => {
      throw new TypeError("outside of any task");
    });
  const kept: number[][] = [];
  if (how === "memory") for (;;) kept.push(new Array(1e5).fill(kept.length));
  return new Promise(() => {});
}
