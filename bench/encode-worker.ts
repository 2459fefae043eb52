import { parentPort, workerData } from "node:worker_threads";
import * as ort from "onnxruntime-node";

/**
 * Runs a model on one batch again and again for some seconds; answers with crops per second, and with the seconds of the
 * processor for one crop (of the whole process: right where nothing else runs in it).
 */
const { model, dims, seconds, threads } = workerData as {
  model: string;
  dims: number[];
  seconds: number;
  threads: number;
};
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
});
const size = dims.reduce((a, b) => a * b, 1);
const input = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", input, dims) };
await session.run(feeds);
parentPort!.postMessage("ready");
parentPort!.once("message", async () => {
  const start = performance.now();
  const before = process.cpuUsage();
  let runs = 0;
  let sink = 0;
  for (; performance.now() - start < seconds * 1000; runs++) {
    const out = await session.run(feeds);
    sink += (out[session.outputNames[0]].data as Float32Array)[0];
  }
  const { user, system } = process.cpuUsage(before);
  const crops = runs * dims[0];
  const perSecond = crops / ((performance.now() - start) / 1000);
  parentPort!.postMessage({ perSecond, cpuSeconds: (user + system) / 1e6 / crops, sink });
});
