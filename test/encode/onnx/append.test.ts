import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { exportEncoder } from "../../../src/encode/export.ts";
import { appendTo } from "../../../src/encode/onnx/append.ts";
import { weightFiles } from "../../../src/encode/onnx/external.ts";
import { type OnnxFile, readModel } from "../../../src/encode/onnx/file.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { protoFields } from "../../../src/files/protobuf.ts";
import { describeModel } from "../../study/drawn.ts";
import { bytes, external, graph, message, network, node, ownFunction, SIDE, tensor, value } from "./proto.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-append-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const SHAPE = { channels: ["GFP", "RFP"], height: SIDE, width: SIDE };

let count = 0;
/** Writes a model with its description, and weights beside it. */
function write(model: Uint8Array, weights: readonly number[] = []): OnnxFile {
  const dir = join(folder, `${count++}`);
  mkdirSync(dir);
  writeFileSync(join(dir, "net.onnx"), model);
  writeFileSync(join(dir, "w.bin"), new Uint8Array(Float32Array.from(weights).buffer));
  const input = { name: "images", ...SHAPE };
  return readEncoder(
    describeModel(dir, { name: "net", model: "net.onnx", input, outputs: [{ output: "features" }] }),
  ) as OnnxFile;
}

async function features(file: OnnxFile): Promise<number[]> {
  const encoder = await openEncoder(file, SHAPE);
  const out = new Float32Array(2);
  const crop = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => i);
  await encoder.encode(crop, new Uint8Array(SIDE * SIDE), 1, [out]);
  await encoder.release();
  return [...out];
}

/** Exports the features with an affine map behind them: 3 a - b + 1 and b. */
async function exported(file: OnnxFile) {
  const affine = { inputs: 2, outputs: 2, weights: [3, -1, 0, 1], offset: [1, 0] };
  const output = file.description.outputs[0];
  const { path, model } = await exportEncoder(file, [{ output, affine }], {
    out: join(folder, `${count++}.json`),
  });
  return { file: readEncoder(path) as OnnxFile, model };
}

async function expectMapped(file: OnnxFile, own: OnnxFile): Promise<void> {
  const [a, b] = await features(own);
  expect(a).not.toBe(b);
  expect(await features(file)).toEqual([3 * a - b + 1, b]);
}

const branch = (name: string) =>
  graph({ nodes: [node("Abs", ["twice"], [name])], outputs: [value(name, null)] });
const branched = network(
  [
    node("my:Double", ["base"], ["twice"]),
    node("If", ["yes"], ["features"], {
      then_branch: { graph: branch("cellswap_add") },
      else_branch: { graph: branch("cellswap_matmul") },
    }),
  ],
  [tensor("yes", [], [true])],
  [ownFunction("Double", "a", "b", [node("Add", ["a", "a"], ["b"])])],
);

test("functions, branches and a graph that comes in pieces stay, in one piece; names in branches are taken", async () => {
  const pieces = Buffer.concat([branched, message(7, bytes(5, tensor("unused", [1], [1])))]);
  const own = write(pieces);
  const { file, model } = await exported(own);
  await expectMapped(file, own);
  expect(protoFields(readFileSync(model), model).filter((f) => f.field === 7)).toHaveLength(1);
  const { graph: after, functions } = readModel(model).model;
  expect(functions.size).toBe(1);
  expect(after.weights.map((w) => w.name)).toEqual(expect.arrayContaining(["yes", "unused"]));
  const names = after.nodes.flatMap((n) => n.outputs);
  expect(names).not.toContain("cellswap_add");
  expect(names).toContain("cellswap_add_2");
});

test("weights of parts of other files come into the one", async () => {
  const own = write(
    network(
      [node("Mul", ["base", "w"], ["features"])],
      [external("w", [2], { location: "w.bin", offset: "4", length: "8" })],
    ),
    [9, 2, 5, 9],
  );
  const { file, model } = await exported(own);
  await expectMapped(file, own);
  expect(weightFiles(readModel(model).model)).toEqual([]);
  expect(readdirSync(folder)).not.toContain("w.bin");
});

test("constants of nodes in other files are refused", () => {
  const constant = { value: { tensor: external("w", [2], { location: "w.bin" }) } };
  const own = write(
    network([node("Constant", [], ["w"], constant), node("Mul", ["base", "w"], ["features"])]),
    [2, 5],
  );
  expect(() => appendTo(own, () => {})).toThrow(
    /constants of nodes in other files.*all weights in the model/,
  );
});

test("what would not fit into one file is refused before weights are read", () => {
  const own = write(network([node("Abs", ["base"], ["features"])]));
  expect(() =>
    appendTo({ ...own, bytes: 2 ** 31 - 1 }, (g) => void g.weight("w", [1], Float32Array.of(1))),
  ).toThrow(/would take more than 2 GB in one file/);
});
