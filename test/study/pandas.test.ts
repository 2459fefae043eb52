import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasModules, runPython } from "../python.ts";
import { run } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-pandas-"));
const hasPandas = hasModules(["pandas", "pyarrow"]);

beforeAll(async () => {
  if (!hasPandas) return;
  drawCells(join(base, "cells"), {
    classes: ["cytoplasm", "nucleus", "vacuole"],
    cellsPerClass: 12,
    fields: 3,
    localization: (name, i) => (i === 11 ? `${name}|other` : name),
  });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, { name: "more", seed: 3 });
  const study = writeStudy(join(base, "study.json"), { encoders: ["tiny.json", "more.json"] });
  expect(await run(["run", study, "--out", join(base, "study")])).toMatchObject({ code: 0, errors: [] });
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

test.skipIf(!hasPandas)("the example of docs/tables.md runs on a study (needs pandas and pyarrow)", () => {
  const docs = readFileSync(resolve(import.meta.dirname, "../../docs/tables.md"), "utf8");
  const example = /```python\n([\s\S]*?)```/.exec(docs)![1];
  const { stdout, stderr, status } = runPython(["-W", "error", "-c", example], { cwd: base });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^capture\/different +0\.\d+ +0\.\d+$/m);
  expect(stdout).toMatch(/^transfer\/original +0\.\d+ +0\.\d+$/m);
  expect(stdout).toMatch(/^ *vacuole +[01]\.\d+ +[01]\.\d+ +NaN$/m);
  expect(stdout).toMatch(/nucleus-field\d/);
  // 33 cells of one class and 3 of two.
  expect(stdout).toMatch(/^\(36, 4\)$/m);
});

test.skipIf(!hasPandas)(
  "tables hold the same numbers in both formats, and types that pandas can count with",
  () => {
    const check = `
import pandas as pd
a, b = pd.read_csv("study/results/effects.csv"), pd.read_parquet("study/results/effects.parquet")
pd.testing.assert_frame_equal(a.convert_dtypes(), b.convert_dtypes(), check_dtype=False)
cells, plan = pd.read_parquet("study/results/cells.parquet"), pd.read_parquet("study/plan.parquet")
assert len(cells) == 2 * len(plan)
for name, of in cells.groupby("encoder"):
    of = of.reset_index(drop=True)
    assert (of.Metadata_Cell == plan.cell_id).all() and (of.setting == plan.setting).all()
    assert (of.Metadata_Class.fillna("") == plan["class"].fillna("")).all()
    known = of[of.prediction.notna()]
    assert ((known.prediction == known.Metadata_Class) == (known.correct == 1)).all()
    assert ((known.margin > 0) == (known.correct == 1)).all()
    assert (known[known.setting == "original"].flipped == 0).all()
    row = b[(b.encoder == name) & (b.statement == "transfer/original") & b["class"].isna()]
    mean = known[known.setting == "original"].astype({"correct": float}).groupby("Metadata_Class").correct.mean().mean()
    assert abs(row.estimate.iloc[0] - mean) < 1e-12
print(dict(cells.dtypes.astype(str)))
`;
    const { stdout, stderr, status } = runPython(["-W", "error", "-c", check], { cwd: base });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain("'probability': 'float32'");
    expect(stdout).toContain("'features_row': 'int32'");
  },
);
