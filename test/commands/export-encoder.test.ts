import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { drawCells, writeEncoder, writeStudy } from "../study/drawn.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-export-encoder-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());
const at = (name: string) => join(folder, name);

async function run(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  const said = { out: "", error: "" };
  vi.spyOn(console, "log").mockImplementation((line: string) => void (said.out += `${line}\n`));
  vi.spyOn(console, "error").mockImplementation((line: string) => void (said.error += `${line}\n`));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const code = await main(argv);
  vi.restoreAllMocks();
  return { code, ...said };
}

const exported = (encoder: string, remedy: string, out: string, ...more: string[]) =>
  run("export", "encoder", "--encoder", encoder, "--remedy", remedy, "--out", at(out), ...more);

test("an exported encoder is tried and studied like any, with the features of the remedy", async () => {
  drawCells(at("cells"), { cellsPerClass: 8, size: 24 });
  const vector = writeEncoder(folder, { name: "tiny", size: 24, outputs: [{ output: "vector" }] });
  writeEncoder(folder, {
    name: "described",
    size: 24,
    outputs: [{ output: "map", layout: "NCHW", pool: "center-mean" }],
  });
  const made = await exported(vector, "pool", "tiny-pool.json");
  expect(made).toMatchObject({ code: 0, error: "" });
  expect(made.out.split("\n")).toEqual([
    `Wrote ${at("tiny-pool.json")} and ${at("tiny-pool.onnx")}: features in features.`,
    expect.stringMatching(/^The features are the mean of map \(NCHW\) under the center mask\. /),
    "The network takes the center mask as input center_mask; cellswap gives it.",
    `Use it in a study file as ${JSON.stringify(at("tiny-pool.json"))}.`,
    "",
  ]);
  const tried = await run("encoder", "try", at("tiny-pool.json"), "--cells", at("cells"));
  expect(tried).toMatchObject({ code: 0, error: "" });
  expect(tried.out).toMatch(/features: 4 features/);

  const study = writeStudy(at("study.json"), {
    encoders: ["described.json", "tiny-pool.json"],
    settings: ["original", "different"],
  });
  const ran = await run("run", study, "--out", at("out"), "--workers", "1");
  expect([ran.code, ran.error.split("\n").filter((l) => l.startsWith("cellswap:"))]).toEqual([0, []]);
  const features = (name: string) =>
    readdirSync(at(`out/features/${name}`))
      .filter((file) => file.endsWith(".npy") && !/\.(rows|sums)\.npy$/.test(file))
      .sort((a, b) => (a.replace(/\.[^.]*\.npy$/, "") < b.replace(/\.[^.]*\.npy$/, "") ? -1 : 1))
      .map((file) => {
        const reader = new NpyReader(at(`out/features/${name}/${file}`));
        const data = new Float32Array(reader.shape.reduce((a, b) => a * b, 1));
        reader.read(0, reader.shape[0], data);
        reader.close();
        return { shape: reader.shape, data };
      });
  const [mine, theirs] = [features("tiny-pool"), features("described")];
  expect(mine.map(({ shape }) => shape)).toEqual(theirs.map(({ shape }) => shape));
  expect(mine.length).toBeGreaterThan(2);
  for (const [i, { data }] of mine.entries()) {
    const largest = Math.max(...theirs[i].data.map(Math.abs));
    const apart = Math.max(...data.map((v, j) => Math.abs(v - theirs[i].data[j])));
    expect(largest).toBeGreaterThan(0);
    expect(apart / largest).toBeLessThan(1e-5);
  }

  const fitted = ["export", "encoder", study, "--folder", at("out"), "--remedy", "project-1"];
  const map = await run(...fitted, "--encoder", "described", "--out", at("described-project.json"));
  expect(map).toMatchObject({ code: 0, error: "" });
  expect(map.out).toMatch(/project-1 of described was fitted on all 16 cells of the study/);
  const mapped = await run("encoder", "try", at("described-project.json"), "--cells", at("cells"));
  expect(mapped).toMatchObject({ code: 0, error: "" });
  const other = await run(...fitted, "--encoder", "tiny", "--out", at("none.json"));
  expect(other).toMatchObject({ code: 1, out: "" });
  expect(other.error).toMatch(/study\.json: has no encoder tiny; it has described, tiny-pool/);
});

test.each([
  ["recompose-8", /changes what the encoder sees .*cellswap features CELLS .*--remedy recompose-8/],
  ["masked", /changes what the encoder sees .*from code/],
  ["augmented", /trains other probes/],
  ["retrained+pool", /export that one: --encoder TWIN/],
  ["leace", /fitted on the cells of a finished study; name it: cellswap export encoder STUDY\.json/],
  ["pol", /there is no remedy "pol"; remedies are recompose/],
])("%s is refused in one line, and nothing is written", async (remedy, message) => {
  const before = readdirSync(folder);
  const { code, out, error } = await exported("pifia", remedy, "none.json");
  expect([code, out]).toEqual([1, ""]);
  expect(error).toMatch(message);
  expect(error.trim().split("\n")).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(before);
});

test("what is there stays, unless --force replaces it", async () => {
  expect((await exported("pifia", "pool", "pifia-pool.json")).code).toBe(0);
  const before = readFileSync(at("pifia-pool.onnx"));
  const again = await exported("pci", "pool", "pifia-pool.json");
  expect(again).toMatchObject({ code: 1, out: "" });
  expect(again.error).toMatch(/pifia-pool\.json.*is there already; give another --out, or --force/);
  expect(readFileSync(at("pifia-pool.onnx")).equals(before)).toBe(true);
  const forced = await exported("pci", "pool", "pifia-pool.json", "--force", "--json");
  expect(JSON.parse(forced.out)).toMatchObject({
    path: at("pifia-pool.json"),
    model: at("pifia-pool.onnx"),
    description: { name: "pifia-pool", citation: expect.stringMatching(/Lu/) },
  });
  expect(readFileSync(at("pifia-pool.onnx")).equals(before)).toBe(false);
});
