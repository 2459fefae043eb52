import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bundledEncoders, encoderPath } from "../../src/encode/bundled.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-bundled-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("every encoder that comes along is under its own name", () => {
  const bundled = bundledEncoders();
  expect([...bundled.keys()]).toEqual([
    "deeploc",
    "deeploc-swap",
    "human",
    "human-center",
    "human-swap",
    "pci",
    "pci-swap",
    "pifia",
    "pifia-swap",
  ]);
  for (const [name, path] of bundled) expect(readEncoder(path).description.name).toBe(name);
});

test("a name is a bundled encoder, unless something of that name is there", () => {
  expect(encoderPath("deeploc", folder)).toBe(bundledEncoders().get("deeploc"));
  mkdirSync(join(folder, "own"));
  writeFileSync(join(folder, "own/deeploc"), "{}");
  expect(encoderPath("deeploc", join(folder, "own"))).toBe(join(folder, "own/deeploc"));
});

test("whatever has a separator or the ending of a description or model is a path", () => {
  for (const path of ["deeploc.json", "deeploc.onnx", "./deeploc", "encoders/deeploc"])
    expect(encoderPath(path, folder)).toBe(join(folder, path));
});

test("another name is refused with the names that there are", () => {
  expect(() => encoderPath("deeplock", folder, "study.json")).toThrow(
    'study.json: "encoders" names deeplock, which is neither a file nor an encoder that comes with cellswap (deeploc, deeploc-swap, human, human-center, human-swap, pci, pci-swap, pifia, pifia-swap); give one of them or the path of a description (NAME.json)',
  );
});
