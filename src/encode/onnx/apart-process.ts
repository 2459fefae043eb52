import { Worker } from "node:worker_threads";
import { recordError } from "../../files/error-record.ts";
import type { Encoder } from "../encoder.ts";
import { openEncoder } from "../open.ts";
import { type Reply, type Request, TOO_MUCH } from "./apart.ts";
import { Session } from "./session.ts";

/** The process of an {@link ApartEncoder}. */
let encoder: Encoder | undefined;

process.on("message", async (request: Request) => {
  process.send!(await answer(request).catch((error: unknown): Reply => ({ error: recordError(error) })));
});
process.on("disconnect", () => process.exit());

async function answer(request: Request): Promise<Reply> {
  if ("open" in request) {
    watch(request.bytes);
    encoder = await openEncoder(request.open, request.shape);
    const { dimensions, usesMask, tolerance } = encoder;
    return { dimensions, usesMask, tolerance };
  }
  if ("probe" in request) {
    watch(request.bytes);
    const session = await Session.open(request.probe, 1, false);
    const { height, width, channels } = request.probe.description.input;
    const count = session.fixed ? session.inputs : 1;
    const given = await session.run(
      new Float32Array(count * channels.length * height * width),
      count,
      new Float32Array(count * height * width),
    );
    return { outputs: Object.entries(given).map(([name, { type, dims }]) => ({ name, type, dims })) };
  }
  const { crops, masks, count } = request;
  const features = encoder!.dimensions.map((d) => new Float32Array(count * d));
  await encoder!.encode(crops, masks, count, features);
  return { features, runMs: encoder!.runMs };
}

/**
 * Ends the process where it takes more memory than `bytes`, or where the process that started it is gone. A thread
 * does it, as this one stands still while the network runs.
 */
function watch(bytes: number): void {
  const code = `
    const { writeSync } = require("node:fs");
    const parent = process.ppid;
    setInterval(() => {
      const much = process.memoryUsage.rss() > ${bytes};
      if (much) writeSync(1, ${JSON.stringify(TOO_MUCH)});
      if (much || process.ppid !== parent) process.kill(process.pid, "SIGKILL");
    }, 20);`;
  new Worker(code, { eval: true, execArgv: [] }).unref();
}
