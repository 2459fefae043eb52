/**
 * A program that reads crops and gives features as docs/own-model.md has it, and takes MS milliseconds for a batch without
 * using a processor, as one that waits for a GPU: `node command-program.mjs MS`. At the end of its input it prints, as
 * JSON on standard error, when it began and ended to compute each batch.
 */
const ms = Number(process.argv[2]);
const times = [];
const waiting = [];
let computing = false;

function array(shape, data) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const head = Buffer.alloc(128, " ");
  head.write("\x93NUMPY\x01\x00", 0, "latin1");
  head.writeUInt16LE(118, 8);
  head.write(text, 10, "latin1");
  head[127] = 10;
  return Buffer.concat([head, Buffer.from(data.buffer)]);
}

/** Batches are read while another is computed, as recipes/serve.py does. */
function compute() {
  if (computing || waiting.length === 0) return;
  computing = true;
  const count = waiting.shift();
  const start = performance.now();
  const over = () => {
    times.push([start, performance.now()]);
    process.stdout.write(array([count, 16], new Float32Array(16 * count).fill(0.5)));
    computing = false;
    compute();
  };
  setTimeout(over, ms);
}

let head = Buffer.alloc(0);
let left = 0;
let count = 0;
process.stdin.on("data", (chunk) => {
  let rest = chunk;
  while (rest.length > 0) {
    if (left > 0) {
      const taken = Math.min(left, rest.length);
      left -= taken;
      rest = rest.subarray(taken);
      if (left > 0) continue;
      waiting.push(count);
      compute();
      continue;
    }
    head = Buffer.concat([head, rest]);
    if (head.length < 128) return;
    const shape = /\(([^)]*)\)/.exec(head.toString("latin1", 0, 128))[1].split(",").map(Number);
    count = shape[0];
    left = shape.reduce((a, b) => a * b, 4);
    rest = head.subarray(128);
    head = Buffer.alloc(0);
  }
});
process.stdin.on("end", () => process.stderr.write(`${JSON.stringify(times)}\n`));
