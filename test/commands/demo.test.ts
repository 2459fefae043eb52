import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-demo-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function demo(...args: string[]) {
  const cli = resolve(import.meta.dirname, "../../src/cli.ts");
  return spawnSync(process.execPath, ["--import", "tsx", cli, "demo", ...args], { encoding: "utf8" });
}

test("the quick demo shows the drop of the plain encoder and the smaller one of its twin", () => {
  const out = join(scratch, "demo");
  const first = demo("--quick", "--cells", "16", "--out", out, "--json");
  expect(first.stderr).toBe("");
  const result = JSON.parse(first.stdout);
  const mean = (encoder: number, setting: string) =>
    result.table.encoders[encoder].settings.find((s: { setting: string }) => s.setting === setting).mean;
  expect(result.table.encoders.map((e: { encoder: string }) => e.encoder)).toEqual([
    "deeploc",
    "deeploc-swap",
  ]);
  expect(mean(0, "same")).toBeGreaterThan(mean(0, "cell-free"));
  expect(mean(0, "cell-free")).toBeGreaterThan(mean(0, "different"));
  expect(mean(0, "same") - mean(0, "different")).toBeGreaterThan(mean(1, "same") - mean(1, "different"));
  expect(statSync(join(out, "quick/report.html")).size).toBeGreaterThan(10_000);

  const again = demo("--quick", "--cells", "16", "--out", out, "--json");
  expect(again.stdout).toBe(first.stdout);
  expect(JSON.parse(readFileSync(join(out, "study.json"), "utf8")).cells).toBe("cells");
});

test("a folder of something else is left alone, the training seed is refused", () => {
  writeFileSync(join(scratch, "thesis.txt"), "do not lose");
  const taken = demo("--quick", "--out", scratch);
  expect([taken.status, taken.stderr]).toEqual([
    1,
    `cellswap: ${scratch}: is not empty and holds no demo; choose another --out\n`,
  ]);
  expect(readFileSync(join(scratch, "thesis.txt"), "utf8")).toBe("do not lose");
  const trained = demo("--seed", "1", "--out", join(scratch, "new"));
  expect(trained.status).toBe(1);
  expect(trained.stderr).toMatch(
    /--seed 1 names the fields that the bundled encoders were trained on; give another/,
  );
  expect(demo("--cells", "many").status).toBe(2);
});
