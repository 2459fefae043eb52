import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mulberry32 } from "../../../src/core/rng.ts";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { NpyReader, NpyWriter } from "../../../src/files/npy.ts";
import { readParquet } from "../../../src/files/table.ts";
import { exportComposites } from "../../../src/study/composites/export.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { runStudy } from "../../../src/study.ts";
import type { Table } from "../../../src/types.ts";
import { hasModules, runPython } from "../../python.ts";
import { drawCells } from "../../study/drawn.ts";

/** The first Python that has PyTorch: that of the PATH, or that of Debian's packages. */
const python = ["python3", "/usr/bin/python3"].find((p) => hasModules(["torch", "numpy"], p));
const script = resolve(import.meta.dirname, "torch-network.py");
const recipe = resolve(import.meta.dirname, "../../../recipes/serve.py");
const run = (...args: string[]) => runPython(args, { program: python!, cwd: folder });

const folder = mkdtempSync(join(tmpdir(), "cellswap-torch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rows of an array, float32. */
function readRows(path: string): Float32Array[] {
  const reader = new NpyReader(path);
  const rows = Array.from({ length: reader.shape[0] }, (_, row) => {
    const values = new Float32Array(reader.shape[1]);
    reader.read(row, 1, values);
    return values;
  });
  reader.close();
  return rows;
}

/** What tells the composites of a study apart, row by row. */
function names({ rows, columns }: Table, keys: readonly string[]): string[] {
  return Array.from({ length: rows }, (_, i) => keys.map((key) => columns.get(key)![i] ?? "").join(" "));
}

test.skipIf(python === undefined)(
  "a PyTorch network that cannot be exported gives a full study (needs python3 with torch)",
  async () => {
    expect(run(script, "write", "w.pt")).toMatchObject({ status: 0, stderr: "" });
    const exported = run(script, "export", "w.pt");
    expect(exported.status).toBe(1);
    expect(exported.stderr).toContain("to ONNX opset version");
    expect(exported.stderr).toContain("is not supported");

    drawCells(join(folder, "cells"), {
      classes: ["cytoplasm", "nucleus", "vacuole"],
      cellsPerClass: 18,
      fields: 3,
    });
    writeFileSync(
      join(folder, "net.json"),
      JSON.stringify({
        format: "cellswap-encoder",
        version: 1,
        name: "net",
        command: [python, script, "serve", "w.pt"],
        files: [recipe],
        input: { channels: ["GFP", "RFP"], height: 32, width: 32 },
        outputs: [{ output: "features" }],
      }),
    );
    writeFileSync(
      join(folder, "study.json"),
      JSON.stringify({ cells: "cells", encoders: ["net.json"], intensity: "none" }),
    );
    const started: string[] = [];
    const out = join(folder, "study");
    const done = await runStudy(readStudyFile(join(folder, "study.json")), {
      out,
      workers: 2,
      onProgram: ({ description, files }) =>
        started.push(description.command.join(" "), ...files.map((f) => f.name)),
    });
    expect(started).toEqual([`${python} ${script} serve w.pt`, script, "w.pt", recipe]);

    // The same network, run directly in PyTorch on the same composites, crop by crop.
    const composites = join(folder, "composites");
    await exportComposites(readStudyFile(join(folder, "study.json")), { out: composites, workers: 1 });
    const direct = run(script, "direct", "w.pt", "composites/composites.npy", "direct.npy");
    expect(direct).toMatchObject({ status: 0, stderr: "" });
    const theirs = readRows(join(folder, "direct.npy"));
    const plan = names(await readParquet(join(composites, "plan.parquet")), [
      "cell_id",
      "setting",
      "background",
      "donor_id",
    ]);
    const cells = await readParquet(join(out, "results/cells.parquet"));
    const composite = names(cells, ["Metadata_Cell", "setting", "background", "Metadata_Donor"]);
    expect([...composite].sort()).toEqual([...plan].sort());
    const files = new Map<string, Float32Array[]>();
    let largest = 0;
    composite.forEach((name, i) => {
      const file = cells.columns.get("features_file")![i] as string;
      if (!files.has(file)) files.set(file, readRows(join(out, "features", file)));
      const ours = files.get(file)![cells.columns.get("features_row")![i] as number];
      theirs[plan.indexOf(name)].forEach((v, f) => void (largest = Math.max(largest, Math.abs(v - ours[f]))));
    });
    expect(done.composites).toBe(plan.length);
    expect(theirs[0]).toHaveLength(12);
    expect(largest).toBeLessThan(1e-5);
    // Not because all features are alike.
    expect(new Set(theirs.map(String)).size).toBeGreaterThan(plan.length / 2);
  },
  120000,
);

test.skipIf(python === undefined)(
  "recipes/serve.py gives the features of its network, in float32 and in mixed precision (needs python3 with torch)",
  async () => {
    const shape = { channels: ["GFP", "RFP"], height: 24, width: 20 };
    const count = 11;
    const random = mulberry32(5);
    const crops = Float32Array.from({ length: count * 2 * 24 * 20 }, () => 2 * random() - 1);
    const input = new NpyWriter(join(folder, "crops.npy"), "float32", [2, 24, 20]);
    input.append(crops);
    input.close();
    const code = `
import sys; sys.path.insert(0, ${JSON.stringify(dirname(recipe))})
import numpy, torch, serve
g = torch.Generator().manual_seed(1)
r = lambda *shape: torch.randn(*shape, generator=g) / 5
torch.save({"0.weight": r(16, 2, 5, 5), "0.bias": r(16), "2.weight": r(32, 16, 3, 3), "2.bias": r(32)}, "net.pt")
with torch.inference_mode(): y = serve.load("net.pt").eval()(torch.from_numpy(numpy.load("crops.npy")))
numpy.save("wanted.npy", y.numpy())`;
    expect(run("-c", code)).toMatchObject({ status: 0, stderr: "" });
    const wanted = readRows(join(folder, "wanted.npy"));
    const largest = Math.max(...wanted.flatMap((row) => [...row].map(Math.abs)));
    const error = async (...flags: string[]) => {
      const path = join(folder, `serve${flags.join("")}.json`);
      writeFileSync(
        path,
        JSON.stringify({
          format: "cellswap-encoder",
          version: 1,
          name: "tiny",
          command: [python, recipe, "--weights", "net.pt", ...flags],
          batch: 4,
          input: shape,
          outputs: [{ output: "features" }],
        }),
      );
      const encoder = await openEncoder(readEncoder(path), shape);
      const out = new Float32Array(count * encoder.dimensions[0]);
      await encoder.encode(crops, new Uint8Array(0), count, [out]);
      await encoder.release();
      return Math.max(
        ...wanted.flatMap((row, n) => [...row].map((v, f) => Math.abs(v - out[n * 32 + f]) / largest)),
      );
    };
    expect(wanted[0]).toHaveLength(32);
    expect(await error()).toBeLessThan(1e-6);
    const half = await error("--half");
    expect(half).toBeGreaterThan(1e-4);
    expect(half).toBeLessThan(0.02);
  },
  60000,
);

test.skipIf(python === undefined)(
  "a network that fails in recipes/serve.py ends the program at once (needs python3 with torch)",
  async () => {
    const code = `import sys; sys.path.insert(0, ${JSON.stringify(dirname(recipe))})
import serve, torch
class Net(torch.nn.Module):
    def forward(self, x): raise RuntimeError("no kernel for this")
serve.serve(Net())`;
    const path = join(folder, "fails.json");
    const description = {
      format: "cellswap-encoder",
      version: 1,
      name: "fails",
      command: [python, "-c", code],
      input: { channels: ["GFP"], height: 8, width: 8 },
      outputs: [{ output: "y" }],
    };
    writeFileSync(path, JSON.stringify(description));
    const shape = { channels: ["GFP"], height: 8, width: 8 };
    await expect(openEncoder(readEncoder(path), shape)).rejects.toThrow(
      'ended with exit code 1 before it gave any features: "RuntimeError: no kernel for this"; mend that',
    );
  },
  60000,
);
