import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { afterProcessorTime } from "../../src/files/clock.ts";
import { processorMs } from "../processor.ts";

test("a watch ends what takes the processor's time, and counts no time in which nothing is done", async () => {
  const worker = new Worker("for (;;);", { eval: true });
  const [before, from] = [processorMs(), performance.now()];
  await new Promise<void>((late) => afterProcessorTime(0.3, late));
  // The clock's limit is 20 times as late.
  expect(Math.max((processorMs() - before) / 300, (performance.now() - from) / 6000)).toBeGreaterThan(0.99);
  await worker.terminate();
  const [idle, start] = [processorMs(), performance.now()];
  await new Promise<void>((late) => afterProcessorTime(0.1, late));
  // Hardly anything but the watch itself runs: it is the clock that ends it.
  expect(Math.max((processorMs() - idle) / 100, (performance.now() - start) / 2000)).toBeGreaterThan(0.99);
});

test("a watch that is ended calls nobody", async () => {
  let called = false;
  afterProcessorTime(0, () => void (called = true))();
  await new Promise((later) => setTimeout(later, 200));
  expect(called).toBe(false);
});
