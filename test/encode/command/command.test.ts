import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { mulberry32 } from "../../../src/core/rng.ts";
import { ErrorLog } from "../../../src/encode/command/error-log.ts";
import { RunningPrograms } from "../../../src/encode/command/programs.ts";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { tryOut } from "../../../src/encode/try.ts";
import { built } from "../../built.ts";
import { gone } from "./gone.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const shape = { channels: ["GFP", "RFP"], height: 24, width: 20 };
const program = resolve(import.meta.dirname, "program.mjs");

let described = 0;
/** Describes an encoder that runs {@link program}; gives the path of the description. */
function describeProgram(args: readonly string[], changes: Record<string, unknown> = {}): string {
  const path = join(folder, `net${described++}.json`);
  const { input, ...rest } = changes as { input?: object };
  const description = {
    format: "cellswap-encoder",
    version: 1,
    name: "net",
    command: [process.execPath, program, ...args],
    input: { ...shape, ...input },
    outputs: [{ output: "y" }],
    batch: 8,
    seconds: { start: 30, batch: 30 },
    ...rest,
  };
  writeFileSync(path, JSON.stringify(description));
  return path;
}

const random = mulberry32(3);
const count = 19;
const pixels = shape.height * shape.width;
const crops = Float32Array.from({ length: count * 2 * pixels }, () => 100 * random());
const masks = Uint8Array.from({ length: count * pixels }, () => Math.floor(3 * random()));

/** What program.mjs computes, in one pass over all crops. */
function expected(withMasks = false): number[][] {
  return Array.from({ length: count }, (_, n) => {
    const planes = [0, 1].map((c) => crops.subarray((2 * n + c) * pixels, (2 * n + c + 1) * pixels));
    const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
    const center = planes[0].filter((_, p) => masks[n * pixels + p] === 1);
    return [
      ...planes.flatMap((plane) => [mean(plane), Math.max(...plane)]),
      ...(withMasks ? [mean(center)] : []),
    ];
  });
}

async function encode(path: string, programs?: RunningPrograms): Promise<number[][]> {
  const encoder = await openEncoder(readEncoder(path), shape, programs === undefined ? {} : { programs });
  try {
    const [dimension] = encoder.dimensions;
    const out = new Float32Array(count * dimension);
    await encoder.encode(crops, masks, count, [out]);
    return Array.from({ length: count }, (_, n) => [...out.subarray(n * dimension, (n + 1) * dimension)]);
  } finally {
    await encoder.release();
  }
}

function expectFeatures(given: number[][], wanted: number[][]): void {
  expect(given.map((row) => row.length)).toEqual(wanted.map((row) => row.length));
  given.forEach((row, n) => void row.forEach((v, f) => expect(v).toBeCloseTo(wanted[n][f], 3)));
}

test.each([
  ["as they are", []],
  ["written in pieces", ["pieces"]],
  ["as float64", ["float64"]],
  ["while it prints a lot on its standard error", ["chatters"]],
])("features of another program: %s", async (_, args) => {
  expectFeatures(await encode(describeProgram(args)), expected());
});

test("float16 becomes float32", async () => {
  expect(new Set((await encode(describeProgram(["float16"]))).flat())).toEqual(new Set([1.5]));
});

test("center masks are sent behind every batch where the description asks for them", async () => {
  const path = describeProgram(["none", "--masks"], { input: { masks: true } });
  expectFeatures(await encode(path), expected(true));
  await expect(openEncoder(readEncoder(path), { ...shape, masks: "none" })).rejects.toThrow(
    'asks for center masks ("masks": true), and the cells have none',
  );
});

test("several processes share the batches", async () => {
  const path = describeProgram(["none", "--ms", "20"], { processes: 3, batch: 4 });
  const programs = new RunningPrograms();
  const file = readEncoder(path);
  const encoders = await Promise.all([1, 2, 3].map(() => openEncoder(file, shape, { programs })));
  const outs = encoders.map((e) => new Float32Array(count * e.dimensions[0]));
  await Promise.all(encoders.map((e, i) => e.encode(crops, masks, count, [outs[i]])));
  await programs.end();
  expect(outs[1]).toEqual(outs[0]);
  expect(outs[2]).toEqual(outs[0]);
  expectFeatures([[...outs[0].subarray(0, 4)]], expected().slice(0, 1));
});

const memory = "the system ends programs so that take too much memory";
const faults: readonly (readonly [string, readonly string[], string])[] = [
  [
    "an import that fails",
    ["missing-module"],
    `ended with exit code 1 before it gave any features: "ModuleNotFoundError: No module named 'torch'"; mend that`,
  ],
  [
    "the end of the program at once",
    ["quits"],
    "ended with exit code 0 before it gave any features and printed nothing on its standard error; read batches and write features until the end of the input",
  ],
  [
    "noise at the start",
    ["greets"],
    'prints on its standard output: "Loading weights from w.pt ..."; only features belong there: print to standard error instead',
  ],
  ["noise later", ["prints", "--after", "2"], 'prints on its standard output: "batch 2 done"'],
  [
    "a crash",
    ["crashes", "--after", "2"],
    'ended with exit code 3 after 2 batches: "RuntimeError: CUDA out of memory"; make "batch" smaller, then start again',
  ],
  [
    "a program that the system ends",
    ["killed", "--after", "1"],
    `was ended by signal SIGKILL after 1 batch and printed nothing on its standard error; ${memory}`,
  ],
  ["too few rows", ["rows"], "gives 7 x 4 in output y for a batch of 8; give one row per input"],
  ["one value", ["scalar"], "gives a single value in output y for a batch of 8"],
  [
    "whole numbers",
    ["long"],
    'gives features of type <i8; write float32, little-endian (array.astype("<f4"))',
  ],
  ["another order of bytes", ["big-endian"], "gives features of type >f4; write float32, little-endian"],
  [
    "another order of dimensions",
    ["fortran"],
    "gives features in Fortran order; write them in C order (numpy.ascontiguousarray",
  ],
  [
    "another size later",
    ["grows", "--after", "1"],
    "gives 8 x 5 in output y, where it gave 8 x 4 before; give every batch features of one size",
  ],
  [
    "more arrays than outputs",
    ["twice"],
    "writes more arrays than it is asked for; write one per output (y) and batch",
  ],
];
test.each(faults)("%s is told in one line", async (_, args, message) => {
  const path = describeProgram(args);
  const error: unknown = await encode(path).catch((e: unknown) => e);
  expect(error).toMatchObject({ name: "DataError", path });
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).not.toContain("\n");
});

test("batches that no memory holds are refused before anything is started", async () => {
  const path = describeProgram(["none"], { batch: 4096, input: { height: 512, width: 512 } });
  await expect(openEncoder(readEncoder(path), { ...shape, height: 512, width: 512 })).rejects.toThrow(
    'asks for batches of 4096 inputs, 8192 MiB; make "batch" smaller (256 at most)',
  );
});

test("a program that hangs is ended after the time that it has", async () => {
  const late = { seconds: { start: 30, batch: 0.3 } };
  const hung = (args: readonly string[], changes = late) => encode(describeProgram(args, changes));
  await expect(hung(["hangs", "--after", "1"])).rejects.toThrow(
    'gave no features for a batch within 0.3 s and was ended; write one array per output (y) and flush, or give it longer ("seconds": { "batch": 0.6 })',
  );
  await expect(hung(["half", "--after", "1"])).rejects.toThrow(
    "gave a part of an array for a batch within 0.3 s",
  );
  await expect(hung(["hangs"], { seconds: { start: 0.4, batch: 30 } })).rejects.toThrow(
    '"seconds": { "start": 0.8 }',
  );
});

test("a program that closes its input is told so", async () => {
  await expect(encode(describeProgram(["closes-input"], { batch: 512 }))).rejects.toThrow(
    "closed its standard input before all was done",
  );
}, 15000);

test("a program that cannot be started is told so", async () => {
  const start = (command: string[]) => encode(describeProgram([], { command }));
  await expect(start(["no-such-python", "serve.py"])).rejects.toThrow(
    "cannot be started: there is no program no-such-python in the PATH; install it, or give its whole path",
  );
  await expect(start(["./encode"])).rejects.toThrow(
    `there is no ${join(folder, "encode")}; correct "command"`,
  );
  writeFileSync(join(folder, "plain"), "print(1)\n");
  await expect(start(["./plain"])).rejects.toThrow(
    "is not an executable program; give its interpreter first",
  );
  writeFileSync(join(folder, "script"), "#!/no/such/python\n");
  chmodSync(join(folder, "script"), 0o755);
  await expect(start(["./script"])).rejects.toThrow("what its first line names is not there");
});

test("a program runs in the folder of its description", async () => {
  writeFileSync(join(folder, "beside.mjs"), readFileSync(program));
  const path = describeProgram([], { command: [process.execPath, "beside.mjs"] });
  expectFeatures(await encode(path), expected());
});

test("neither a program nor what it starts is left behind", async () => {
  const note = join(folder, "child.pid");
  process.env.CELLSWAP_TEST_NOTE = note;
  expectFeatures(await encode(describeProgram(["leaves-child"])), expected());
  expect(await gone(Number(readFileSync(note, "utf8")))).toBe(true);
  await expect(encode(describeProgram(["hangs"], { seconds: { start: 1 } }))).rejects.toThrow("was ended");
  expect(await gone(Number(readFileSync(note, "utf8")))).toBe(true);
  delete process.env.CELLSWAP_TEST_NOTE;
});

test("programs that are stopped fail with what a stopped run says", async () => {
  const programs = new RunningPrograms();
  const encoding = encode(describeProgram(["hangs"]), programs);
  await sleep(200);
  programs.stop();
  await expect(encoding).rejects.toMatchObject({ name: "InterruptedError" });
});

test("the line that is quoted of what a program prints has no colors and no control characters", () => {
  const log = new ErrorLog();
  for (const text of [
    "loading\n\u001b[31mRuntimeError:\u001b",
    "[0m \u001b[1;4mno\u001b[K room\u0007\n\u001b[0m\n",
  ])
    log.push(Buffer.from(text));
  expect(log.lastLine).toBe("RuntimeError: no room");
  log.push(Buffer.from("[INFO] ready\n[WARN] \u001b[33mslow\u001b[0m\n"));
  expect(log.lastLine).toBe("[WARN] slow");
});

test("what a program prints goes to a log of bounded size", async () => {
  const programs = new RunningPrograms();
  const logs = join(folder, "logs");
  const path = describeProgram(["chatters"]);
  const encoder = await openEncoder(readEncoder(path), shape, { programs });
  expect(existsSync(logs)).toBe(false);
  programs.logTo(logs);
  await encoder.encode(crops, masks, count, [new Float32Array(count * 4)]);
  await programs.end();
  const log = readFileSync(join(logs, "net.log"), "utf8");
  expect(log.length).toBeLessThan(1.2e6);
  expect(log).toMatch(/^line 0: x/);
  expect(log).toMatch(/\[\d+ bytes left out\]\n/);
  expect(log).toMatch(/line 3999: x+\n$/);
});

test("what a program prints is shown up to a megabyte", async () => {
  let shown = 0;
  const programs = new RunningPrograms((chunk) => void (shown += chunk.length));
  const path = describeProgram(["floods"], { seconds: { start: 5 } });
  await expect(encode(path, programs)).rejects.toThrow(/gave no features .* \(it last printed "xxx/);
  await programs.end();
  expect(shown).toBeGreaterThan(2 ** 20);
  expect(shown).toBeLessThan(2 ** 20 + 100);
});

test("no log is written through a link, nor into a pipe", () => {
  const logs = join(folder, "linked-logs");
  mkdirSync(logs);
  const own = join(folder, "own.txt");
  writeFileSync(own, "own");
  symlinkSync(own, join(logs, "net.log"));
  expect(() => new ErrorLog().open(join(logs, "net.log"))).toThrow("net.log: is a symbolic link");
  expect(spawnSync("mkfifo", [join(logs, "pipe.log")]).status).toBe(0);
  expect(() => new ErrorLog().open(join(logs, "pipe.log"))).toThrow("pipe.log: is a device or a pipe");
  symlinkSync(folder, join(folder, "logs-link"));
  expect(() => new RunningPrograms().logTo(join(folder, "logs-link"))).toThrow("is a symbolic link");
  expect(readFileSync(own, "utf8")).toBe("own");
});

test("a process that left the program's group and holds its outputs open is not waited for", async () => {
  const note = join(folder, "escaped.pid");
  process.env.CELLSWAP_TEST_NOTE = note;
  const path = describeProgram(["escapes"]);
  const module = join(built(), "encode");
  const code = `import { readEncoder } from "${module}/encoder-file.js"; import { openEncoder } from "${module}/open.js";
    await openEncoder(readEncoder(${JSON.stringify(path)}), ${JSON.stringify(shape)}).catch((e) => console.log(e.message));`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
  });
  delete process.env.CELLSWAP_TEST_NOTE;
  const escaped = Number(readFileSync(note, "utf8"));
  expect(child.stdout).toContain("ended with exit code 3 before it gave any features");
  // It would hold its end of the pipes for a minute.
  expect(() => process.kill(escaped, "SIGKILL")).not.toThrow();
});

test("files of a program that are changed before it starts are told", async () => {
  const weights = join(folder, "weights.bin");
  writeFileSync(weights, "1");
  const file = readEncoder(describeProgram(["none"], { files: ["weights.bin"] }));
  writeFileSync(weights, "2");
  await expect(openEncoder(file, shape)).rejects.toThrow("weights.bin: was changed while it was in use");
});

test.each([
  ["batch-mean", "batch-dependent"],
  ["random", "not-reproducible"],
])("a program with features like %s is refused", async (fault, id) => {
  const opened = await openEncoder(readEncoder(describeProgram([fault])), shape);
  expect(await tryOut(opened, "net", { count, crops, masks })).toMatchObject([{ id, severity: "refuse" }]);
  await opened.release();
});

test("differences of rounding, as a GPU makes them, are none for a program", async () => {
  const opened = await openEncoder(readEncoder(describeProgram(["rounds"])), shape);
  expect(await tryOut(opened, "net", { count, crops, masks })).toEqual([]);
  await opened.release();
});
