import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { type PredictionRequest, predictHeldOut } from "../../src/evidence/predictions.ts";
import { sha256File } from "../../src/files/hash.ts";
import { sealJson } from "../../src/files/sealed.ts";
import { Work } from "../../src/study/cost/work.ts";
import {
  keptPredictions,
  type PredictionWork,
  predictionSteps,
  readProbes,
} from "../../src/study/predicted.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-predicted-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Three classes in three groups, in a folder of their own. */
function work(folder: string): PredictionWork & { readonly reads: number[] } {
  const reads: number[] = [];
  const group = [9, 7, 8].map((n) => Int32Array.from({ length: n }, (_, i) => i % 3));
  const features = group.map((of, own) => {
    const random = mulberry32(own);
    return Float32Array.from(
      { length: 4 * of.length },
      (_, i) => normal(random) + 2 * Math.cos(own + (i % 4)),
    );
  });
  const probes: PredictionRequest = {
    classes: ["a", "b", "c"],
    group,
    cluster: group,
    count: 3,
    dimension: 4,
    blocks: [{ setting: "original", background: -1, donor: [null, null, null] }],
    has: () => true,
    read(_, own, wanted, out) {
      reads.push(wanted.length);
      wanted.forEach((row, i) => out.set(features[own].subarray(4 * row, 4 * row + 4), 4 * i));
    },
  };
  const at = (name: string) => join(base, `${folder}-${name}`);
  const layout = { stage: (stage: string) => at(`${stage}.json`), view: (file: string) => at(file) };
  return { layout, name: "tiny", key: "key", probes, streamed: true, reads };
}

const pause = async () => {};

test("probes that are fitted in pieces are kept, and the same whatever the threads", async () => {
  const [one, two] = [work("one"), work("two")];
  const count = new Work();
  const made = await keptPredictions(one, pause, count, 1);
  expect(count.probes).toBe(3);
  await keptPredictions(two, pause, undefined, 2);
  for (const file of ["transfer.json", "probes.npy"])
    expect(readFileSync(join(base, `two-${file}`))).toEqual(readFileSync(join(base, `one-${file}`)));
  expect(readProbes(one.layout.view("probes.npy")).length).toBe(3);
  // Another run finds them, and reads no feature.
  one.reads.length = 0;
  expect(await keptPredictions(one, pause, count, 1)).toEqual(made);
  const steps = predictionSteps(one);
  expect(steps.next()).toEqual({ done: true, value: made });
  expect([count.probes, one.reads.length]).toEqual([3, 0]);
});

test("what is kept is the JSON of all arrays at once, whatever a class or a background lacks", async () => {
  const drawn = work("lacking");
  const { probes } = drawn;
  const blocks = [-1, 1].map((background) => ({
    setting: background < 0 ? ("original" as const) : ("different" as const),
    background,
    donor: [null, null, null],
  }));
  const has: PredictionRequest["has"] = ({ background }, own) => background !== own;
  const asked: PredictionWork = { ...drawn, streamed: false, probes: { ...probes, blocks, has } };
  const steps = predictHeldOut(asked.probes);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const made = await keptPredictions(asked, pause);
  const path = join(base, "lacking-transfer.json");
  const { key } = JSON.parse(readFileSync(path, "utf8")) as { key: string };
  const file = join(base, "lacking-probes.npy");
  const text = (a: Int16Array | Float32Array | null) => a && Buffer.from(a.buffer).toString("base64");
  const value = {
    probes: sha256File(file),
    blocks: step.value.blocks.map(({ cells }) =>
      cells.map(
        (of) =>
          of && {
            predicted: text(of.predicted),
            probability: text(of.probability),
            own: text(of.own),
            lent: text(of.lent),
            margin: text(of.margin),
          },
      ),
    ),
  };
  expect(readFileSync(path, "utf8")).toBe(sealJson({ key, value }));
  expect(structuredClone(made)).toEqual(structuredClone(step.value));
  expect(made.blocks[1].cells[1]).toBeNull();
});

test.each([
  // After a look at the features, and after a block.
  [true, 20],
  [false, 4],
])("a stop leaves nothing, and the next run makes the same bytes; in pieces: %s", async (streamed, most) => {
  const of = (name: string): PredictionWork => {
    const { probes, ...rest } = work(`${name}-${streamed}`);
    const [block] = probes.blocks;
    return { ...rest, streamed, probes: { ...probes, blocks: [block, { ...block, setting: "self" }] } };
  };
  const left = (name: string) =>
    readdirSync(base).filter((file) => file.startsWith(`${name}-${streamed}-transfer.json`));
  let looks = 0;
  const stop = async () => {
    if (++looks > most) throw new Error("stopped");
  };
  const open = () => readdirSync("/dev/fd").length;
  const before = open();
  await expect(keptPredictions(of("stopped"), stop, undefined, 1)).rejects.toThrow("stopped");
  expect(left("stopped")).toEqual([]);
  expect(open()).toBe(before);
  await keptPredictions(of("stopped"), pause, undefined, 1);
  await keptPredictions(of("whole"), pause, undefined, 1);
  const [stopped, whole] = ["stopped", "whole"].map(left).map((names) => names.map((n) => join(base, n)));
  expect([stopped.length, whole.length]).toEqual([1, 1]);
  expect(readFileSync(stopped[0])).toEqual(readFileSync(whole[0]));
});

test("damaged predictions are made again by a run, and named where nothing is to be fitted", async () => {
  const damaged = work("damaged");
  const made = await keptPredictions(damaged, pause, undefined, 1);
  const file = join(base, "damaged-transfer.json");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"probes":"', '"probes":"0'));
  expect(() => predictionSteps(damaged).next()).toThrow(/damaged-transfer.json.*run the study again/);
  expect(await keptPredictions(damaged, pause, undefined, 1)).toEqual(made);
  expect(readFileSync(file, "utf8")).toBe(text);
});
