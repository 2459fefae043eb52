/**
 * An encoder for tests: `node program.mjs [FAULT]` reads arrays in .npy format and gives mean and maximum of every channel
 * of an input (and, where it gets masks, the mean over the mask), as an encoder in Python would.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, writeFileSync, writeSync } from "node:fs";

const [fault = "none", ...rest] = process.argv.slice(2);
/** Not an argument, as files that are arguments are part of the key. */
const note = process.env.CELLSWAP_TEST_NOTE;
/** File that the first process makes which then hangs in its second batch, whatever it is asked for; not an argument either. */
const hang = process.env.CELLSWAP_TEST_HANG;
const masks = rest.includes("--masks");
const slow = Number(rest[rest.indexOf("--ms") + 1] ?? 0);

/** Bytes of standard input, `size` at a time. */
let chunks;
let held = Buffer.alloc(0);
async function read(size) {
  while (held.length < size) {
    chunks ??= process.stdin[Symbol.asyncIterator]();
    const { value, done } = await chunks.next();
    if (done) return null;
    held = Buffer.concat([held, value]);
  }
  const out = held.subarray(0, size);
  held = held.subarray(size);
  return out;
}

async function readArray() {
  const start = await read(10);
  if (start === null) return null;
  const header = (await read(start.readUInt16LE(8))).toString("latin1");
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").filter((d) => d.trim()).map(Number);
  const size = shape.reduce((a, b) => a * b, 1);
  if (header.includes("'|u1'")) return { shape, data: new Uint8Array(await read(size)) };
  const bytes = await read(4 * size);
  return { shape, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * size)) };
}

function array(shape, data, descr = "<f4", fortran = "False") {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  const header = `${text.padEnd(117)}\n`;
  const start = Buffer.from("\x93NUMPY\x01\x00\x00\x00", "latin1");
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, Buffer.from(header, "latin1"), Buffer.from(data.buffer)]);
}

/** Writes all bytes, in pieces where a fault asks for it. */
async function write(bytes) {
  if (fault !== "pieces") return void (await new Promise((done) => process.stdout.write(bytes, done)));
  for (let at = 0; at < bytes.length; at += 7) {
    await new Promise((done) => process.stdout.write(bytes.subarray(at, at + 7), done));
    if (at % 70 === 0) await new Promise((done) => setTimeout(done, 1));
  }
}

if (fault === "missing-module") {
  process.stderr.write("Traceback (most recent call last):\n  File \"serve.py\", line 1\n");
  process.stderr.write("ModuleNotFoundError: No module named 'torch'\n");
  process.exit(1);
}
if (fault === "quits") process.exit(0);
if (fault === "notes") process.stderr.write("ready\n");
if (fault === "greets") writeSync(1, "Loading weights from w.pt ...\nready\n");
if (fault === "chatters") for (let i = 0; i < 4000; i++) writeSync(2, `line ${i}: ${"x".repeat(1000)}\n`);
if (fault === "leaves-child") {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: ["ignore", "inherit", "inherit"] });
  writeFileSync(note, String(child.pid));
} else if (note !== undefined) writeFileSync(note, String(process.pid));
if (fault === "closes-input") {
  closeSync(0);
  setInterval(() => {}, 1000);
  await new Promise(() => {});
}

for (let batch = 0; ; batch++) {
  const images = await readArray();
  if (images === null) break;
  const labels = masks ? await readArray() : null;
  const [count, channels, height, width] = images.shape;
  const pixels = height * width;
  const features = 2 * channels + (masks ? 1 : 0);
  const out = new Float32Array(count * features);
  for (let n = 0; n < count; n++)
    for (let c = 0; c < channels; c++) {
      const plane = images.data.subarray((n * channels + c) * pixels, (n * channels + c + 1) * pixels);
      out[n * features + 2 * c] = plane.reduce((a, b) => a + b, 0) / pixels;
      out[n * features + 2 * c + 1] = plane.reduce((a, b) => Math.max(a, b), -Infinity);
      if (labels !== null && c === 0) {
        const mask = labels.data.subarray(n * pixels, (n + 1) * pixels);
        const size = mask.reduce((a, b) => a + b, 0);
        out[n * features + 2 * channels] = size === 0 ? 0 : plane.reduce((a, v, p) => a + v * mask[p], 0) / size;
      }
    }
  if (slow > 0) await new Promise((done) => setTimeout(done, slow));
  const shape = [count, features];
  const late = batch >= Number(rest[rest.indexOf("--after") + 1] ?? 0) || !rest.includes("--after");
  if ((fault === "crashes" || (fault === "flaky" && !existsSync(`${note}.mended`))) && late) {
    process.stderr.write("RuntimeError: CUDA out of memory\n");
    process.exit(3);
  }
  if (fault === "killed" && late) process.kill(process.pid, "SIGKILL");
  if (fault === "escapes" && late) {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { detached: true, stdio: "inherit" });
    writeFileSync(note, String(child.pid));
    process.exit(3);
  }
  if (fault === "floods" && late) for (;;) writeSync(2, "x".repeat(65536));
  if (hang !== undefined && batch === 1 && !existsSync(hang)) {
    process.on("SIGTERM", () => {});
    writeFileSync(hang, String(process.pid));
    await new Promise((done) => setTimeout(done, 1e6));
  }
  if (fault === "hangs" && late) await new Promise((done) => setTimeout(done, 1e6));
  if (fault === "half" && late) {
    await write(array(shape, out).subarray(0, 150));
    await new Promise((done) => setTimeout(done, 1e6));
  }
  if (fault === "prints" && late) writeSync(1, `batch ${batch} done\n`);
  if (fault === "rows") await write(array([count - 1, features], out.subarray(features).slice()));
  else if (fault === "long") await write(array([count, features], BigInt64Array.from(out, (v) => BigInt(Math.round(v))), "<i8"));
  else if (fault === "big-endian") await write(array(shape, out, ">f4"));
  else if (fault === "fortran") await write(array(shape, out, "<f4", "True"));
  else if (fault === "float64") await write(array(shape, Float64Array.from(out), "<f8"));
  else if (fault === "float16") await write(array(shape, new Uint16Array(out.length).fill(0x3e00), "<f2"));
  else if (fault === "scalar") await write(array([], out.subarray(0, 1).slice()));
  else if (fault === "grows" && late) await write(array([count, features + 1], new Float32Array(count * (features + 1))));
  else if (fault === "nan" && late) await write(array(shape, out.fill(Number.NaN)));
  else if (fault === "batch-mean") await write(array(shape, out.map((_, i) => out[i] - out[(i + features) % out.length])));
  else if (fault === "random") await write(array(shape, out.map((v) => v * (1 + 0.1 * Math.random()))));
  else if (fault === "rounds") await write(array(shape, out.map((v) => v * (1 + 1e-4 * Math.random()))));
  else if (fault === "twice") await write(Buffer.concat([array(shape, out), array(shape, out)]));
  else await write(array(shape, out));
}
