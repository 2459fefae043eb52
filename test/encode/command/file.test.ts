import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { featureKey } from "../../../src/features/key.ts";
import { sha256 } from "../../../src/files/hash.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-command-file-"));
const folder = join(base, "net");
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "parts"), { recursive: true });
  for (const name of ["serve.py", "w.pt", "parts/blocks.py", "run"]) writeFileSync(join(folder, name), name);
});

const plain = {
  format: "cellswap-encoder",
  version: 1,
  name: "net",
  command: ["python", "serve.py", "--weights=w.pt", "--layer", "4"],
  input: { channels: ["GFP"], height: 8, width: 8 },
  outputs: [{ output: "y" }],
};

function read(changes: object = {}, at = folder) {
  const path = join(at, "net.json");
  writeFileSync(path, JSON.stringify({ ...plain, ...changes }));
  const file = readEncoder(path);
  if (file.kind !== "command") throw new Error("not a command");
  return file;
}

test("arguments that name files, and the files that are listed, enter the key by their content", () => {
  const file = read({ files: ["parts/blocks.py", "w.pt"] });
  expect(file.files).toEqual(
    ["serve.py", "w.pt", "parts/blocks.py"].map((name) => ({ name, sha256: sha256(name) })),
  );
  expect(file.folder).toBe(folder);
  const { hash } = file;
  for (const name of ["serve.py", "w.pt", "parts/blocks.py"]) {
    writeFileSync(join(folder, name), "changed");
    expect(read({ files: ["parts/blocks.py", "w.pt"] }).hash, name).not.toBe(hash);
    writeFileSync(join(folder, name), name);
  }
  writeFileSync(join(folder, "other.txt"), "not named");
  expect(read({ files: ["parts/blocks.py", "w.pt"] }).hash).toBe(hash);
});

test("the program itself enters the key where it stands with the description", () => {
  expect(read({ command: ["./run"] }).files.map((f) => f.name)).toEqual(["./run"]);
  expect(read({ command: [process.execPath, "-e", "0"] }).files).toEqual([]);
});

test("command line and batch enter the key, what only says how it is run does not", () => {
  const { hash } = read();
  expect(read({ command: ["python", "serve.py", "--weights=w.pt", "--layer", "5"] }).hash).not.toBe(hash);
  expect(read({ batch: 64 }).hash).not.toBe(hash);
  const same = { processes: 4, seconds: { start: 5 }, name: "other", title: "Another title" };
  expect(read(same).hash).toBe(hash);
  expect(read(same).description.seconds).toEqual({ start: 5, batch: 300 });
  const moved = join(base, "moved");
  cpSync(folder, moved, { recursive: true });
  expect(read({}, moved).hash).toBe(hash);
});

test("a file behind the = of an option without dashes enters the key as well", () => {
  expect(read({ command: ["python", "serve.py", "weights=w.pt"] }).files.map((f) => f.name)).toEqual([
    "serve.py",
    "w.pt",
  ]);
});

test("which array of the program an output is enters the key", () => {
  const inputs = { header: { hashes: {}, channels: ["GFP"] }, scales: "s", composite: {} };
  const keysOf = (...names: string[]) => {
    const file = read({ outputs: names.map((output) => ({ output })) });
    return new Map(names.map((name, o) => [name, featureKey(inputs as never, file, o, "original")]));
  };
  const keys = keysOf("early", "late");
  expect(keysOf("early").get("early")).toBe(keys.get("early"));
  const turned = keysOf("late", "early");
  for (const name of ["early", "late"]) expect(turned.get(name), name).not.toBe(keys.get(name));
});

test("features of a program that gets center masks depend on the masks in every setting", () => {
  const inputs = (masks: string) => ({
    header: { hashes: { "crops.npy": "c", "masks.npy": masks }, channels: ["GFP"] },
    scales: "s",
    composite: {
      edge: "hard",
      sigma: 1,
      donorCenter: "keep",
      halo: 3,
      intensity: "none",
      clip: null,
      seed: 1,
    } as const,
  });
  const keys = (input: object) => {
    const file = read({ input: { ...plain.input, ...input } });
    return ["a", "b"].map((masks) => featureKey(inputs(masks) as never, file, 0, "original"));
  };
  const [a, b] = keys({});
  expect(a).toBe(b);
  const [c, d] = keys({ masks: true });
  expect(c).not.toBe(d);
});

test.each<[string, object, string]>([
  ["a file that is not there", { files: ["weights.pt"] }, '"files" names weights.pt, which is not there'],
  [
    "a folder among the files",
    { files: ["parts"] },
    '"files" names parts, which is no file; name files, those in a folder one by one',
  ],
  ["a model as well", { model: "net.onnx" }, 'has both "model" (an ONNX file) and "command" (a program)'],
  ["a command line in one text", { command: "python serve.py" }, "command"],
  ["no command", { command: [] }, "command is []"],
  ["a batch of none", { batch: 0 }, "batch is 0"],
  ["a name of the input", { input: { ...plain.input, name: "x" } }, "unknown key input.name"],
  ["another key", { gpu: true }, "unknown key gpu; remove it or correct its spelling"],
])("a description with %s is refused by name", (_, changes, message) => {
  expect(() => read(changes)).toThrow(message);
  expect(() => read(changes)).toThrow(join(folder, "net.json"));
});

test("the description in docs/own-model.md is one", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../../docs/own-model.md"), "utf8");
  const [, json] = /```json\n([\s\S]*?)```/.exec(page)!;
  for (const name of ["serve.py", "dino.pt"]) writeFileSync(join(folder, name), name);
  const { files, description } = read(JSON.parse(json.replace(/^ {3}/gm, "")));
  expect(files.map((f) => f.name)).toEqual(["serve.py", "dino.pt"]);
  expect(description.name).toBe("dino");
});
