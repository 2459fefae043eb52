import type { Worker } from "node:worker_threads";
import { recordError } from "../../files/error-record.ts";
import { LIFELINE, startCode } from "../../files/worker.ts";
import type { Encoder } from "../encoder.ts";
import { openEncoder } from "../open.ts";
import { type May, type Reply, type Request, TOO_LONG, TOO_MUCH } from "./apart.ts";
import { Session } from "./session.ts";

/** The process of an {@link ApartEncoder}. */
let encoder: Encoder | undefined;

process.on("message", async (request: Request) => {
  process.send!(await answer(request).catch((error: unknown): Reply => ({ error: recordError(error) })));
});
process.on("disconnect", () => process.exit());
process.send!("up" satisfies Reply);

async function answer(request: Request): Promise<Reply> {
  if ("open" in request) {
    const watcher = watch(request.may);
    encoder = await openEncoder(request.open, request.shape, { apart: null });
    watcher.postMessage("opened");
    const { dimensions, usesMask, tolerance } = encoder;
    return { dimensions, usesMask, tolerance };
  }
  if ("probe" in request) {
    watch(request.may);
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
  const before = process.cpuUsage();
  await encoder!.encode(crops, masks, count, features);
  const { user, system } = process.cpuUsage(before);
  return { features, runMs: encoder!.runMs, cpuMs: (user + system) / 1000 };
}

/**
 * Ends the process where it takes more memory or time than it may, or where what started it is gone, whose end of a pipe
 * is closed then. A thread does it, as this one stands still while the network runs. It forgets the time once it is
 * sent a message.
 */
function watch({ bytes, openMs }: May): Worker {
  const code = `
    const { writeSync } = require("node:fs");
    const { Socket } = require("node:net");
    const { parentPort } = require("node:worker_threads");
    const end = (word) => {
      if (word !== undefined) writeSync(1, word);
      process.kill(process.pid, "SIGKILL");
    };
    new Socket({ fd: ${LIFELINE} }).on("error", () => end()).on("close", () => end()).resume();
    let opened = false;
    parentPort.once("message", () => void (opened = true));
    setInterval(() => {
      const { user, system } = process.cpuUsage();
      if (process.memoryUsage.rss() > ${bytes}) end(${JSON.stringify(TOO_MUCH)});
      else if (!opened && user + system > ${1000 * openMs}) end(${JSON.stringify(TOO_LONG)});
    }, 10);`;
  const watcher = startCode(code);
  watcher.unref();
  return watcher;
}
