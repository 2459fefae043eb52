import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFeatureFile } from "../../src/features/given/file.ts";
import { readRecord, writeRecord } from "../../src/study/record.ts";
import { hasModules, runPython } from "../python.ts";
import { run } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-anndata-"));
const at = (name: string) => join(base, name);
const hasAnnData = hasModules(["anndata", "pandas", "pyarrow"]);
const hasRuntime = hasModules(["onnxruntime", "zarr", "numpy", "pandas", "pyarrow"]);

beforeAll(async () => {
  drawCells(at("cells"), {
    classes: ["cytoplasm", "ER/Golgi", "vacuole"],
    cellsPerClass: 18,
    fields: 6,
    localization: (name, i) => (i === 17 ? `${name}|other` : name),
  });
  const map = { output: "map", layer: "map", layout: "NCHW", pool: "max" };
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, { name: "two", seed: 3, outputs: [map, { output: "vector" }] });
  writeStudy(at("study.json"), { encoders: ["tiny.json", "two.json"] });
  await done("run", at("study.json"), "--out", at("study"));
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

async function done(...args: string[]): Promise<string> {
  const ended = await run(args);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return ended.stdout;
}

/** Runs a check that asserts; what it prints is returned. */
function check(code: string): string {
  const { stdout, stderr, status } = runPython(["-W", "error", "-c", code], { cwd: base });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

/** The first example in Python of a page of the documentation. */
function example(page: string): string {
  const text = readFileSync(resolve(import.meta.dirname, "../../docs", page), "utf8");
  return /```python\n([\s\S]*?)```/.exec(text)![1];
}

test.skipIf(!hasAnnData)(
  "anndata reads a study as its tables have it (needs anndata, pandas and pyarrow)",
  async () => {
    const options = ["--folder", at("study")];
    const json = await done(
      "export",
      "anndata",
      at("study.json"),
      ...options,
      "--out",
      at("all.h5ad"),
      "--json",
    );
    const { files } = JSON.parse(json);
    expect(files.map((f: { path: string }) => f.path)).toEqual(
      ["tiny", "two.map", "two.vector"].map((name) => at(`all.${name}.h5ad`)),
    );
    const text = check(`
import anndata, json, numpy as np, pandas as pd
plan, cells = pd.read_parquet("study/plan.parquet"), pd.read_parquet("study/results/cells.parquet")
metadata = pd.read_parquet("cells/metadata.parquet").set_index("Metadata_Cell", drop=False)
told = lambda column: [None if pd.isna(v) else v for v in column]
for name in ["tiny", "two.map", "two.vector"]:
    a = anndata.read_h5ad(f"all.{name}.h5ad")
    own = cells[cells.encoder == name].reset_index(drop=True)
    files = {f: np.load(f"study/features/{f}") for f in own.features_file.unique()}
    features = np.stack([files[f][r] for f, r in zip(own.features_file, own.features_row)])
    original = (plan.setting == "original").values
    assert list(a.obs_names) == list(plan.cell_id[original]) and a.X.dtype == np.float32
    assert (a.X == features[original]).all() and a.n_obs == 54
    for column in metadata.columns:
        assert (a.obs[column].astype(str).values == metadata.loc[a.obs_names, column].astype(str).values).all(), column
    o = own[original]
    for column in ["prediction", "probability", "probability_own", "margin", "correct", "group"]:
        assert told(a.obs[column]) == told(o[column]), column
    assert told(a.obs["class"]) == told(plan["class"][original])
    blocks = a.uns["cellswap"]["settings"]
    assert set(a.obsm) == set(blocks["obsm"]) and len(a.obsm) == plan.setting.nunique() - 1 + 2 * 2
    for key, setting, background in zip(*(blocks[k] for k in ["obsm", "setting", "background"])):
        rows = (plan.setting == setting).values & ((plan.background == background).values if background else True)
        of = pd.Index(plan.cell_id[rows])
        there = a.obs_names.isin(of)
        assert there.sum() == rows.sum() > 0
        assert (a[of].obsm[key] == features[rows]).all() and np.isnan(a.obsm[key][~there]).all()
        predicted = a.obs[key.replace("X_", "prediction_", 1)]
        assert told(predicted.loc[of]) == told(own.prediction[rows])
    assert a.uns["cellswap"]["encoder"] == name and json.loads(a.uns["cellswap"]["study"])["seed"] == 1
    a.write_h5ad("again.h5ad")
    assert (anndata.read_h5ad("again.h5ad").X == a.X).all()
print(sorted(a.obsm), dict(a.obs.dtypes.astype(str)))
`);
    expect(text).toContain("X_different_ER_Golgi");
    expect(text).toContain("'Metadata_Plate': 'category'");
    await done(
      "export",
      "anndata",
      at("study.json"),
      ...options,
      "--encoder",
      "tiny",
      "--out",
      at("study.h5ad"),
    );
    expect(check(example("anndata.md"))).toMatch(/^different ER\/Golgi \d+\.\d+$/m);
    // The folder alone knows less of the cells.
    await done("export", "anndata", at("study"), "--encoder", "tiny", "--out", at("alone.h5ad"));
    check(`
import anndata, pandas as pd
a, b = anndata.read_h5ad("alone.h5ad"), anndata.read_h5ad("all.tiny.h5ad")
assert (a.X == b.X).all() and (a.obs.Metadata_Field == b.obs.Metadata_Field).all()
known = ["Metadata_Cell", "Metadata_Protein", "Metadata_Field"]
assert a.obs.columns[:3].tolist() == known
further = [c for c in pd.read_parquet("cells/metadata.parquet") if c not in known]
assert [c for c in b.obs if c not in a.obs] == further, (list(b.obs), further)
`);
  },
);

test.skipIf(!hasAnnData)(
  "anndata and pandas read features of cells as imaged, and join them (needs anndata, pandas and pyarrow)",
  async () => {
    for (const out of ["f.parquet", "f.h5ad"])
      await done("features", at("cells"), "--encoder", at("two.json"), "--out", at(out));
    check(`
import anndata, numpy as np, pandas as pd
table, a = pd.read_parquet("f.parquet"), anndata.read_h5ad("f.h5ad")
metadata = pd.read_parquet("cells/metadata.parquet")
assert list(table.columns) == [*metadata.columns, *a.var_names] and len(table) == len(metadata) == 54
assert list(a.var_names) == [f"two.map_{i:04}" for i in range(1, 5)] + [f"two.vector_{i:04}" for i in range(1, 4)]
assert (table[list(a.var_names)].values == a.X).all() and a.X.dtype == np.float32
assert list(a.var.output) == ["two.map"] * 4 + ["two.vector"] * 3 and list(a.var.feature) == [1, 2, 3, 4, 1, 2, 3]
joined = metadata.merge(table, on=list(metadata.columns), validate="one_to_one")
assert len(joined) == 54 and (joined[a.var_names[0]].values == a.X[:, 0]).all()
# The same crops in a study.
cells = pd.read_parquet("study/results/cells.parquet")
o = cells[(cells.encoder == "two.map") & (cells.setting == "original")]
study = np.stack([np.load(f"study/features/{f}")[r] for f, r in zip(o.features_file, o.features_row)])
assert (table.set_index("Metadata_Cell").loc[o.Metadata_Cell].filter(like="two.map_").values == study).all()
`);
  },
);

test.skipIf(!hasRuntime)(
  "a study of features that Python made of exported composites is that of the encoder (needs onnxruntime, zarr, pandas and pyarrow)",
  async () => {
    writeStudy(at("one.json"), { encoders: ["tiny.json"] });
    await done("run", at("one.json"), "--out", at("one"));
    await done("export", "composites", at("one.json"), "--out", at("composites"), "--masks");
    await done("export", "composites", at("one.json"), "--out", at("zarr"), "--format", "zarr", "--masks");
    check(example("own-features.md"));
    check(`
import json, numpy as np, pandas as pd, zarr
with open("composites/composites.json") as file:
    record = json.load(file)
for name in ["composites", "masks"]:
    array, stored = np.load(f"composites/{name}.npy"), zarr.open_array(f"zarr/{name}.zarr", mode="r")
    assert stored.shape == array.shape and stored.dtype == array.dtype and (stored[:] == array).all()
assert len(pd.read_parquet("composites/plan.parquet")) == record["rows"] == len(array) > 54
assert set(np.unique(array)) == {0, 1}
`);
    for (const ending of ["npy", "parquet", "h5ad"]) {
      const file = at(`composites/tiny.${ending}`);
      if (!existsSync(file)) continue;
      writeStudy(at("own.json"), { encoders: [{ name: "tiny", features: file }] });
      await done("run", at("own.json"), "--out", at(`own-${ending}`));
      const [own, one] = ["results/pairs.csv"].flatMap((f) => [at(`own-${ending}/${f}`), at(`one/${f}`)]);
      expect(readFileSync(own, "utf8").split("\n").map(rounded)).toEqual(
        readFileSync(one, "utf8").split("\n").map(rounded),
      );
    }
    expect(readdirSync(at("composites")).filter((f) => f.startsWith("tiny."))).toEqual([
      "tiny.h5ad",
      "tiny.npy",
      "tiny.parquet",
    ]);
  },
);

/** A line of pairs without the gap of the fits, which follows the last bit of the features. */
const rounded = (line: string) => line.split(",").toSpliced(-2, 1).join();

test("the same study gives the same bytes, and X is what a study would read", async () => {
  await done("export", "anndata", at("study"), "--encoder", "tiny", "--out", at("a.h5ad"));
  await new Promise((later) => setTimeout(later, 1100));
  await done("export", "anndata", at("study"), "--encoder", "tiny", "--out", at("b.h5ad"));
  expect(readFileSync(at("a.h5ad")).equals(readFileSync(at("b.h5ad")))).toBe(true);
  const file = await openFeatureFile(at("a.h5ad"));
  expect([file.rows, file.dimension]).toEqual([54, 4]);
  const x = new Float32Array(54 * 4);
  await file.read(0, 54, x);
  expect(x.every(Number.isFinite)).toBe(true);
  file.close();
});

test.each([
  [
    ["export", "anndata", at("study"), "--encoder", "none", "--out", at("no.h5ad")],
    /has no encoder none; it has tiny, two\.map, two\.vector/,
  ],
  [["export", "anndata", at("study"), "--out", at("no.h5")], /does not end in \.h5ad/],
  [["export", "anndata", at("cells"), "--out", at("no.h5ad")], /is not a study folder/],
  [
    ["export", "anndata", at("study.json"), "--folder", at("gone"), "--out", at("no.h5ad")],
    /is not a study folder/,
  ],
  [
    ["export", "anndata", at("study"), "--encoder", "tiny", "--out", at("study.json/no.h5ad")],
    /a part of this path is a file/,
  ],
])("%j is refused in one line and leaves nothing", async (args, message) => {
  const { code, errors } = await run(args);
  expect(code).toBe(1);
  expect(errors.filter((line) => !line.startsWith("export: "))).toEqual([expect.stringMatching(message)]);
  expect(readdirSync(base).filter((name) => name.startsWith("no."))).toEqual([]);
});

test("results of another plan than the folder's are refused, until the run that was stopped is finished", async () => {
  cpSync(at("study"), at("stopped"), { recursive: true });
  writeStudy(at("later.json"), { encoders: ["tiny.json"], seed: 2 });
  await done("run", at("later.json"), "--out", at("later"));
  // What a later run in the same folder writes first.
  const [stopped, later] = [readRecord(at("stopped")), readRecord(at("later"))];
  const plan = Object.fromEntries(["plan.csv", "plan.parquet"].map((name) => [name, later.files[name]]));
  for (const name of Object.keys(plan)) cpSync(at(`later/${name}`), at(`stopped/${name}`));
  writeRecord(at("stopped"), { ...stopped, study: later.study, files: { ...stopped.files, ...plan } });
  const args = ["export", "anndata", at("stopped"), "--encoder", "tiny", "--out", at("stopped.h5ad")];
  const { code, stderr } = await run(args);
  expect(code).toBe(1);
  expect(stderr).toMatch(/results\/cells\.parquet: holds results of another swap plan .*`cellswap run`/);
  expect(existsSync(at("stopped.h5ad"))).toBe(false);
});

test.each([
  ["full", ["export", "composites", at("study.json"), "--out", at("full")]],
  ["full.parquet", ["features", at("cells"), "--encoder", at("two.json"), "--out", at("full.parquet")]],
  ["full.h5ad", ["features", at("cells"), "--encoder", at("two.json"), "--out", at("full.h5ad")]],
  ["full.h5ad", ["export", "anndata", at("study"), "--encoder", "tiny", "--out", at("full.h5ad")]],
])("%s that the disk has no room for is one line, and leaves nothing", async (name, args) => {
  const { code, stderr } = await run(args, "ulimit -f 1;");
  expect(code).toBe(1);
  const said = stderr.split("\n").filter((line) => line.startsWith("cellswap: "));
  expect(said).toEqual([
    expect.stringMatching(`^cellswap: ${at(name)}: (the file would be larger|cannot be written)`),
  ]);
  expect(readdirSync(base).filter((file) => file.startsWith("full"))).toEqual([]);
});
