import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test, vi } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import { Work } from "../../src/study/cost/work.ts";
import { StudyLayout } from "../../src/study/layout.ts";
import { lookUpOutputs } from "../../src/study/outputs.ts";
import { prepareStudy } from "../../src/study/prepare.ts";
import { fitProbes } from "../../src/study/probes.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { contents, run } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-probes-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

// So little would be done on one.
vi.mock("../../src/study/evidence/threads.ts", async (original) => ({
  ...(await original<object>()),
  probeThreads: () => 2,
}));

test("probes on threads are those of a run; stopped before they begin, they leave nothing and no error behind", async () => {
  drawCells(join(base, "cells"), { classes: ["actin", "nucleus", "vacuole"], cellsPerClass: 12, fields: 3 });
  writeEncoder(base, { name: "tiny", filters: 3, outputs: [{ output: "vector" }] });
  const path = writeStudy(join(base, "study.json"), { encoders: ["tiny.json"] });
  const out = join(base, "out");
  expect(await run(["run", path, "--out", out, "--workers", "1"])).toMatchObject({ code: 0, errors: [] });
  const kept = ["transfer", "evidence"].map((stage) => join(out, "stages", stage));
  const before = kept.map(contents);
  for (const stage of kept) rmSync(stage, { recursive: true });
  const prepared = await prepareStudy(readStudyFile(path), { out, workers: 1 });
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    const layout = new StudyLayout(out);
    const { outputs } = lookUpOutputs(prepared, layout.features);
    const finished = { ...prepared, layout, outputs };
    const fit = (signal?: AbortSignal) =>
      fitProbes(finished, { signal, work: new Work(), workers: 2, onProgress: () => {} });
    await expect(fit(AbortSignal.abort())).rejects.toThrow(InterruptedError);
    await sleep(50);
    expect(unhandled).toEqual([]);
    expect(kept.map(contents)).toEqual([{}, {}]);
    await fit();
    expect(kept.map(contents)).toEqual(before);
  } finally {
    process.off("unhandledRejection", note);
    await prepared.close();
  }
});
