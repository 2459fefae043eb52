import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { temporary } from "../temporary.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/published");
const shared = resolve(import.meta.dirname, "../../../shared/pifia/pifia_weights_i0");

afterEach(() => void vi.restoreAllMocks());

async function run(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  const said = { out: "", error: "" };
  vi.spyOn(console, "log").mockImplementation((line: string) => void (said.out += `${line}\n`));
  vi.spyOn(console, "error").mockImplementation((line: string) => void (said.error += `${line}\n`));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said.error += String(text);
    return true;
  });
  const code = await main(["encoder", ...argv]);
  vi.restoreAllMocks();
  return { code, ...said };
}

test.each([
  ["pifia", "pifia/pifia_weights_i0.index", "conv8"],
  ["pci", "pci/model_weights.h5", "conv4_1"],
  ["deeploc", "deeploc/model.ckpt-5000", "conv5"],
])("import %s writes the study's layer and says what it read", async (system, source, layer) => {
  const out = temporary();
  const { code, out: said, error } = await run("import", system, join(fixtures, source), "--out", out);
  expect([code, error]).toEqual([0, ""]);
  expect(readdirSync(out).sort()).toEqual([`${system}.json`, `${system}.onnx`]);
  const path = join(out, `${system}.json`);
  expect(said).toContain(`Wrote ${join(out, `${system}.onnx`)} and ${path}: layer ${layer} from GFP`);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ format: "cellswap-encoder", name: system });
  const shown = await run("show", path);
  expect(shown.code).toBe(0);
  expect(shown.out).toContain(`encoder ${system}: `);
  expect(shown.out).toContain(`    ${layer}: vector`);
});

test("--json gives the description and what was matched", async () => {
  const source = join(fixtures, "deeploc/model.ckpt-5000");
  const options = ["--layer", "all", "--pool", "mean", "--name", "sweep", "--json"];
  const { out } = await run("import", "deeploc", source, "--out", temporary(), ...options);
  const made = JSON.parse(out) as {
    description: { name: string; outputs: { layer: string }[] };
    matched: string[][];
  };
  expect(made.description.name).toBe("sweep");
  expect(made.description.outputs.map((o) => o.layer)).toEqual([
    ...Array.from({ length: 8 }, (_, i) => `conv${i + 1}`),
    "fc1",
    "fc2",
    "logits",
  ]);
  expect(made.matched).toHaveLength(11 * 6);
});

test.each([
  ["pifia/sharded/pifia_weights_i0.data-00001-of-00002", "pifia", "conv1/kernel/.ATTRIBUTES/VARIABLE_VALUE"],
  ["deeploc/model.ckpt-5000", "deeploc", "conv_1/biases/Variable"],
  ["pci/whole_model.h5", "pci", "batch_normalization_7"],
])("show %s recognizes %s", async (file, system, name) => {
  const { code, out, error } = await run("show", join(fixtures, file));
  expect([code, error]).toEqual([0, ""]);
  expect(out).toContain(name);
  expect(out).toContain(`Looks like ${system}; import it with: cellswap encoder import ${system} `);
  expect(JSON.parse((await run("show", join(fixtures, file), "--json")).out)).toMatchObject({
    network: system,
  });
});

test.skipIf(!existsSync(`${shared}.index`))(
  "the published PIFiA index lists its 54 float32 variables",
  async () => {
    const { out } = await run("show", `${shared}.index`, "--json");
    const { variables, shards, network } = JSON.parse(out) as {
      variables: {
        name: string;
        dtype: string;
        shape: number[];
        shard: number;
        offset: number;
        size: number;
      }[];
      shards: { bytes: number | null }[];
      network: string;
    };
    expect(network).toBe("pifia");
    expect(shards.map((s) => s.bytes)).toEqual([6356, null]);
    const floats = variables.filter((v) => v.dtype === "float32");
    expect(floats).toHaveLength(54);
    expect(floats.every((v) => v.shard === 1)).toBe(true);
    const d3 = floats.find((v) => v.name.startsWith("d3/kernel"));
    expect(d3).toMatchObject({ shape: [64, 4049], size: 64 * 4049 * 4 });
    // The variables fill their shard without a gap.
    const sorted = floats.toSorted((a, b) => a.offset - b.offset);
    expect(sorted.map((v) => v.offset)).toEqual([0, ...sorted.map((v) => v.offset + v.size)].slice(0, -1));
    expect((await run("show", shared)).out).toContain("pifia_weights_i0.data-00001-of-00002 is MISSING");
    const { code, error } = await run("import", "pifia", shared, "--out", temporary());
    expect(code).toBe(1);
    expect(error).toMatch(/^cellswap: \S*pifia_weights_i0\.data-00001-of-00002: is missing [^\n]*\n$/);
  },
);

test("wrong command lines end with 2, wrong files and layers with 1", async () => {
  const source = join(fixtures, "pifia/pifia_weights_i0");
  expect(await run("import", "resnet", source, "--out", temporary())).toMatchObject({ code: 2 });
  expect(await run("import", "pifia", source)).toMatchObject({ code: 2 });
  expect(await run("import", "pifia", source, "--out", temporary(), "--pool", "median")).toMatchObject({
    code: 2,
  });
  const layer = await run("import", "pifia", source, "--out", temporary(), "--layer", "conv0");
  expect([layer.code, layer.error]).toEqual([
    1,
    "cellswap: pifia has no layer conv0; choose one of conv1, conv2, conv3, conv4, conv5, conv6, conv7, conv8, d1, d2, d3, or all\n",
  ]);
  const none = await run("show", join(fixtures, "crops.npy"));
  expect(none.code).toBe(1);
  expect(none.error).toMatch(/^cellswap: \S+crops\.npy: is neither a TensorFlow checkpoint [^\n]*\n$/);
  const name = await run("import", "pifia", source, "--out", temporary(), "--name", "a b");
  expect([name.code, name.error]).toEqual([
    1,
    "cellswap: a b is not a name for an encoder; use letters, digits, dot, dash and underscore\n",
  ]);
});
