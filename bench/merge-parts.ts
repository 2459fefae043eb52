/**
 * Memory of what grows with composites when a study is planned and merged, each by itself and at sizes whose crops and
 * features would take days: the plan (drawn, hashed, cut into pieces, indexed), and what probes call (written block by
 * block, read for a statement on all composites and for the first rows of the table of cells). Largest resident memory of
 * the process up to each, cells with ids as screens have them; nothing of it hangs on the pixels.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { roomFor } from "../src/evidence/predictions.ts";
import { transferComponents, transferStatements } from "../src/evidence/transfer.ts";
import { listBlocks, PlanIndex } from "../src/study/block.ts";
import { CallsWriter, probesOf, readCalls } from "../src/study/kept-calls.ts";
import { cellPieces } from "../src/study/tables.ts";
import { predictionRequest } from "../src/study/transfer.ts";
import { makePlan } from "../src/swap/plan.ts";
import { planHash, writePlan } from "../src/swap/plan-file.ts";
import { piecesOf } from "../src/swap/segments.ts";
import { option, record, smoke } from "./harness.ts";

const CLASSES = 48;
const SETTINGS = ["original", "self", "masked", "background-only", "same", "cell-free", "different"] as const;
/** Composites of a cell: all classes lend in `cell-free`, all others in `different`. */
const PER_CELL = 2 * CLASSES + 4;
/** Composites up to which the table of the plan is written, and of the table of cells: a row takes 6 microseconds. */
const WRITTEN = 1_000_000;

interface Part {
  readonly part: string;
  readonly peakMiB: number;
  readonly cpuSeconds: number;
}

/** Draws cells and does one part after the other. */
function measure(wanted: number, folder: string): Part[] {
  const parts: Part[] = [];
  const done = (part: string) => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    parts.push({
      part,
      peakMiB: Math.round(maxRSS / 102.4) / 10,
      cpuSeconds: Math.round((userCPUTime + systemCPUTime) / 1e5) / 10,
    });
  };
  const perClass = Math.ceil(wanted / PER_CELL / CLASSES);
  const count = CLASSES * perClass;
  const classes = Array.from({ length: CLASSES }, (_, c) => `class${String(c).padStart(4, "0")}`);
  const classOf = Int16Array.from({ length: count }, (_, i) => Math.floor(i / perClass));
  const fieldOf = (i: number) => Math.floor((i % perClass) / Math.max(2, Math.min(100, perClass >> 3)));
  const field = Array.from({ length: count }, (_, i) => `plate${classOf[i]}-f${fieldOf(i)}`);
  const id = Array.from(field, (name, i) => `${name}-c${String(i).padStart(7, "0")}`);
  const selected = classes.map((_, c) => Int32Array.from({ length: perClass }, (_, i) => c * perClass + i));
  const cluster = Int32Array.from(classOf, (c, i) => c * 10_000 + fieldOf(i));
  const group = cluster.map((of) => of % 5);
  done("cells");
  const plan = makePlan({
    ...{ classes, classOf, field, protein: null, settings: SETTINGS, sameDonor: "any", seed: 1 },
    usable: new Uint8Array(count).fill(1),
  });
  planHash(plan);
  piecesOf(plan);
  const index = new PlanIndex(plan);
  done("plan");
  if (plan.count <= WRITTEN) {
    writePlan(join(folder, "plan"), plan, { id, field, protein: null, classOf });
    done("plan written");
  }
  const request = predictionRequest({
    ...{ index, classes, rows: selected, blocks: listBlocks(SETTINGS, classes) },
    set: { dimension: 2, read: () => {} },
    groups: { count: 5, group, cluster },
  });
  const path = join(folder, "transfer.json");
  const writer = new CallsWriter(path, "key", "0".repeat(64));
  for (const [b, of] of request.blocks.entries()) {
    const block = roomFor(request, of);
    block.cells.forEach((cells, own) => {
      for (let i = 0; cells !== null && i < cells.predicted.length; i++) {
        cells.predicted[i] = (i * 7 + b) % 5 === 0 ? Math.max(0, of.background) : own;
        cells.probability[i] = cells.own[i] = (i % 97) / 97;
      }
    });
    writer.add(block);
  }
  writer.finish();
  done("calls written");
  if (probesOf(path, "key") === null) throw new Error("what was called is not as it was written");
  const predictions = readCalls(path, "key", request);
  const statement = transferStatements(predictions).find(({ id: name }) => name === "capture-neighbor")!;
  transferComponents(predictions, statement);
  done("statement on all composites");
  const set = { place: (row: number) => ({ base: join(folder, "part"), row }) };
  const selection = { classes, classOf, rows: selected };
  const table = cellPieces({ plan, cells: { id, count }, selection, groups: { group }, features: folder }, [
    { encoder: "tiny", set, predictions },
  ]);
  let written = 0;
  for (const piece of table) if ((written += piece.rows) > WRITTEN) break;
  done(`table of cells, ${Math.min(written, plan.count)} rows`);
  console.log(`${plan.count} composites, ${statSync(path).size} bytes of calls`);
  return parts;
}

const one = option("one", "");
if (one !== "") {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-parts-"));
  try {
    console.log(JSON.stringify(measure(Number(one), folder)));
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  const sizes = (smoke ? "20000" : option("sizes", "1000000,3000000,10000000,30000000,100000000")).split(",");
  const rows: { composites: number; parts: Part[] }[] = [];
  for (const size of sizes) {
    // A process of its own, its heap as that of the command: what one size left is not in the peak of the next.
    const args = ["--heap-growing-percent=100", "--import", "tsx", import.meta.filename, "--one", size];
    const said = execFileSync(process.execPath, args, { encoding: "utf8" }).trim().split("\n");
    rows.push({ composites: Number(said[0].split(" ")[0]), parts: JSON.parse(said[1]) as Part[] });
    console.log(JSON.stringify(rows.at(-1), null, 1));
  }
  record("merge-parts", { classes: CLASSES, rows });
}
