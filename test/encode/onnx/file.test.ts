import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { parseOnnx } from "../../../src/encode/onnx/model.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { DataError } from "../../../src/errors.ts";
import { describeModel } from "../../study/drawn.ts";
import * as proto from "./proto.ts";

const { bytes, external, graph, integer, message, network, node, SIDE, tensor, text } = proto;
const folder = mkdtempSync(join(tmpdir(), "cellswap-onnx-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SHAPE = { channels: ["GFP", "RFP"], height: SIDE, width: SIDE };
const plain = network([node("Abs", ["base"], ["features"])]);
const added = (weight: proto.Bytes) => network([node("Add", ["base", "w"], ["features"])], [weight]);

let count = 0;
/** Writes a model with its description, and weights beside it; gives the path of the description. */
function write(model: Uint8Array, weights: readonly number[] = [], more: object = {}): string {
  const dir = join(folder, `${count++}`);
  mkdirSync(dir);
  writeFileSync(join(dir, "net.onnx"), model);
  writeFileSync(join(dir, "w.bin"), new Uint8Array(Float32Array.from(weights).buffer));
  const input = { name: "images", ...SHAPE };
  return describeModel(dir, {
    name: "net",
    model: "net.onnx",
    input,
    outputs: [{ output: "features" }],
    ...more,
  });
}

const failure = (path: string): string => {
  try {
    readEncoder(path);
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).not.toMatch(/[\n\r]/);
    return (error as Error).message;
  }
  return "read";
};

async function features(path: string): Promise<number[]> {
  const encoder = await openEncoder(readEncoder(path), SHAPE);
  const out = new Float32Array(2);
  await encoder.encode(new Float32Array(2 * SIDE * SIDE).fill(1), new Uint8Array(SIDE * SIDE), 1, [out]);
  await encoder.release();
  return [...out];
}

test("weights are read from a part of the file beside the model, which enters the hash", async () => {
  const model = added(external("w", [2], { location: "w.bin", offset: "4", length: "8" }));
  const path = write(model, [9, 2, 3, 9]);
  expect(await features(path)).toEqual([3, 4]);
  const { hash } = readEncoder(path);
  expect(readEncoder(write(model, [9, 2, 4, 9])).hash).not.toBe(hash);
});

test.each<[string, Record<string, string>, string]>([
  ["before the file", { location: "w.bin", offset: "-4" }, "lies in an impossible place of w.bin"],
  ["nowhere", { location: "w.bin", offset: "1e3" }, "lies in an impossible place"],
  ["beyond all files", { location: "w.bin", offset: "99999999999999999999" }, "lies in an impossible place"],
  ["behind its end", { location: "w.bin", offset: "12" }, "has 20 bytes of weights in w.bin, which has 16"],
  ["too short", { location: "w.bin", length: "4" }, "weight w has 4 bytes, and its shape takes 8"],
  ["a folder above, cut short", { location: "../w.bin", length: "3" }, "outside its folder"],
  ["a folder above", { location: "../w.bin" }, "outside its folder"],
  ["an absolute path", { location: "/dev/zero" }, "outside its folder"],
  ["no name", { location: "" }, "outside its folder"],
  ["no entries", {}, "outside its folder"],
  ["a folder", { location: "." }, "which is not a file"],
])("weights that lie %s are refused", (_, entries, error) => {
  expect(failure(write(added(external("w", [2], entries)), [1, 2, 3, 4]))).toContain(error);
});

test("a pipe, a link and a link on the way are refused", () => {
  const at = (location: string) => write(added(external("w", [2], { location })));
  const pipe = at("w.pipe");
  expect(spawnSync("mkfifo", [join(pipe, "../w.pipe")]).status).toBe(0);
  expect(failure(pipe)).toContain("has weights in w.pipe, which is not a file");
  const linked = at("w.link");
  symlinkSync(join(linked, "../w.bin"), join(linked, "../w.link"));
  expect(failure(linked)).toContain("has weights in w.link, which is a symbolic link");
  const below = at("data/w.bin");
  symlinkSync(folder, join(below, "../data"));
  expect(failure(below)).toContain("has weights in data/w.bin, which is a symbolic link");
});

const outside = external("w", [2], { location: "../secret.bin" });
test.each<[string, Uint8Array]>([
  ["a constant node", network([node("Constant", [], ["w"], { value: { tensor: outside } })])],
  [
    "a branch",
    network([node("If", ["c"], ["w"], { then_branch: { graph: graph({ nodes: [], weights: [outside] }) } })]),
  ],
  [
    "a function",
    network(
      [],
      [],
      [proto.ownFunction("f", "x", "y", [node("Constant", [], ["y"], { value: { tensor: outside } })])],
    ),
  ],
  [
    "a default of a function",
    network(
      [],
      [],
      [Buffer.concat([text(1, "f"), text(10, "my"), message(11, text(1, "v"), bytes(5, outside))])],
    ),
  ],
  ["a sparse weight", Buffer.concat([plain, message(7, message(15, bytes(1, outside)))])],
  [
    "a sparse constant",
    Buffer.concat([
      plain,
      message(7, message(1, message(5, text(1, "sparse_value"), message(22, bytes(2, outside))))),
    ]),
  ],
  [
    "a list of tensors",
    Buffer.concat([plain, message(7, message(1, message(5, text(1, "v"), bytes(10, outside))))]),
  ],
  [
    "a place said twice",
    added(
      Buffer.concat([
        external("w", [2], { location: "w.bin" }),
        message(13, text(1, "location"), text(2, "../x")),
      ]),
    ),
  ],
  [
    "its place said to be here, then there",
    added(
      Buffer.concat([
        tensor("w", [2], [1, 2]),
        integer(14, 0),
        ...[message(13, text(1, "location"), text(2, "../x"))],
        integer(14, 1),
      ]),
    ),
  ],
  [
    "a number that is 1 in 32 bits",
    added(
      Buffer.concat([
        tensor("w", [2], [1, 2]),
        message(13, text(1, "location"), text(2, "../x")),
        integer(14, 2n ** 32n + 1n),
      ]),
    ),
  ],
  [
    "two pieces of a value",
    network([
      Buffer.concat([
        text(4, "Constant"),
        text(2, "w"),
        message(
          5,
          text(1, "value"),
          message(5, integer(1, 2), integer(2, 1), integer(14, 1)),
          message(5, message(13, text(1, "location"), text(2, "../x"))),
        ),
      ]),
    ]),
  ],
])("weights outside the folder are found in %s", (_, model) => {
  expect(failure(write(model, [1, 2]))).toMatch(/has weights in ".*", outside its folder/);
});

test.each<[string, Uint8Array, string]>([
  [
    "too few bytes",
    added(Buffer.concat([integer(1, 3), integer(2, 1), text(8, "w"), bytes(9, new Uint8Array(8))])),
    "weight w has 8 bytes, and its shape takes 12",
  ],
  ["a negative length", added(tensor("w", [-2], [])), "weight w has an impossible shape"],
  [
    "more values than there are numbers",
    added(tensor("w", [2 ** 40, 2 ** 40], [])),
    "weight w has an impossible shape",
  ],
  [
    "the runtime's own format",
    Buffer.concat([Buffer.from("\x20\0\0\0ORTM", "latin1"), plain]),
    "it is in the runtime's own format",
  ],
  ["nothing", new Uint8Array(0), "it holds no ONNX graph"],
  [
    "a tag of 33 bits",
    Buffer.concat([plain, proto.varint(2n ** 32n + 58n), proto.varint(0)]),
    "its content is inconsistent",
  ],
  [
    "two functions of one name",
    network(
      [],
      [],
      ["f", "f"].map((name) => proto.ownFunction(name, "x", "y", [])),
    ),
    "it has two functions my:f",
  ],
])("%s: a damaged model is refused in one line", (_, model, error) => {
  expect(failure(write(model))).toContain(error);
});

test("a model cut anywhere is refused or read, in one line", () => {
  const whole = proto.endlessOnBright();
  for (let at = 0; at < whole.length; at++)
    try {
      parseOnnx(whole.subarray(0, at), "net.onnx");
    } catch (error) {
      expect(error, String(at)).toBeInstanceOf(DataError);
      expect((error as Error).message).toMatch(/^net\.onnx: .*[^\n]$/);
    }
});

test("graphs in graphs, and nodes without end, are bounded", () => {
  let inner = graph({ nodes: [] });
  for (let depth = 0; depth < 300; depth++)
    inner = graph({ nodes: [node("If", [], [], { then_branch: { graph: inner } })] });
  expect(failure(write(message(7, inner)))).toMatch(/more than 64 deep/);
  const nodes = Buffer.alloc(400_000, Buffer.from([10, 0]));
  expect(failure(write(message(7, nodes)))).toMatch(/more than 131072 nodes and values/);
  expect(failure(write(Buffer.alloc(600_000, Buffer.from([8, 0]))))).toMatch(/more than 262144 fields/);
});

test("the path of a model beside a description of another is refused", () => {
  const path = write(plain, [], { model: "other.onnx" });
  renameSync(join(path, "../w.bin"), join(path, "../other.onnx"));
  writeFileSync(join(path, "../other.onnx"), plain);
  expect(failure(path)).toBe("read");
  expect(failure(join(path, "../net.onnx"))).toContain(
    "net.json: describes other.onnx, not net.onnx, beside which it stands",
  );
  expect(failure(join(write(plain), "../net.onnx"))).toBe("read");
  const program = write(plain);
  const {
    model: _,
    input: { name: __, ...input },
    ...rest
  } = JSON.parse(readFileSync(program, "utf8"));
  writeFileSync(program, JSON.stringify({ ...rest, input, command: ["true"] }));
  expect(failure(join(program, "../net.onnx"))).toContain("describes a program, not net.onnx");
});

test.each<[string, object, RegExp]>([
  ["a device", { model: "/dev/zero" }, /is a device/],
  ["a folder", { model: "." }, /is a folder/],
  ["a text", { model: "net.json" }, /cannot be opened as an ONNX model/],
  ["nothing", { model: "none.onnx" }, /which is not there/],
  ["another hash", { sha256: "0".repeat(64) }, /says the model's SHA-256 is 0+, and its files have another/],
])("a description whose model is %s is refused", (_, more, error) => {
  const message = failure(write(plain, [], more));
  expect(message).toMatch(error);
  expect(message.match(/[0-9a-f]{64}/g)?.every((hash) => /^0+$/.test(hash)) ?? true).toBe(true);
});

test("inputs that no machine holds are refused before they are made", async () => {
  const big = write(plain, [], { input: { name: "images", channels: ["GFP"], height: 16000, width: 16000 } });
  await expect(openEncoder(readEncoder(big), SHAPE)).rejects.toThrow(
    "asks for inputs of 1 x 16000 x 16000 values",
  );
  expect(
    failure(write(plain, [], { input: { name: "images", channels: ["GFP"], height: 1e9, width: 1 } })),
  ).toMatch(/input.height is 1000000000/);
});

test("a file that is changed after its hash was taken is not run", async () => {
  const at = (path: string, name: string) => join(path, "..", name);
  const path = write(added(external("w", [2], { location: "w.bin" })), [2, 3]);
  for (const name of ["net.onnx", "w.bin"]) {
    const file = readEncoder(path);
    const before = readFileSync(at(path, name));
    writeFileSync(at(path, name), before);
    utimesSync(at(path, name), 1, 1);
    await expect(openEncoder(file, SHAPE)).rejects.toThrow(`${name}: was changed while it was in use`);
  }
  const opened = await openEncoder(readEncoder(path), SHAPE);
  writeFileSync(at(path, "w.bin"), new Uint8Array(8));
  const crop = new Float32Array(2 * SIDE * SIDE);
  await expect(opened.encode(crop, new Uint8Array(), 1, [new Float32Array(2)])).rejects.toThrow(
    "w.bin: was changed while it was in use; start again, and leave it as it is",
  );
  await opened.release();
});
