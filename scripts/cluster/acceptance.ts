/**
 * Makes a study of simulated cells on one machine, and again in shards on a Slurm of two nodes while nodes fail, and
 * compares all bytes: `node --import tsx scripts/cluster/acceptance.ts [--cells N] [--shards N] [--keep FOLDER]`, as root,
 * after `npm run build`. Needs Debian's slurm-wlm, munge and iproute2. Exit code 1 where anything differs.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Cluster, noSlurm } from "../../test/cluster/cluster.ts";
import { differences, installCommand, makeAmidFaults, ShardedStudy } from "../../test/cluster/sharded.ts";
import { Product } from "../../test/faults/harness.ts";

const CLASSES = ["cytoplasm", "mitochondrion", "nucleus", "vacuole"];
const { values } = parseArgs({
  options: {
    cells: { type: "string", default: "20000" },
    shards: { type: "string", default: "16" },
    keep: { type: "string" },
  },
});
if (noSlurm !== undefined) throw new Error(`no Slurm: ${noSlurm}`);
const [cells, shards] = [Number(values.cells), Number(values.shards)];
const base =
  values.keep === undefined ? mkdtempSync(join(tmpdir(), "cellswap-acceptance-")) : resolve(values.keep);
mkdirSync(base, { recursive: true });
const dist = resolve(import.meta.dirname, "../../dist");
const began = performance.now();
const tell = (what: string) =>
  console.log(`${((performance.now() - began) / 60_000).toFixed(1)} min: ${what}`);

const product = new Product(dist);
const perClass = Math.ceil(cells / CLASSES.length);
// Every background is one of a few classes, or there would be a composite for each.
writeFileSync(
  join(base, "study.json"),
  JSON.stringify({
    cells: "cells",
    encoders: ["deeploc"],
    cellsPerClass: perClass,
    settings: ["original", "cell-free", "different"],
    backgrounds: ["nucleus"],
    learningCurve: false,
  }),
);
if (!existsSync(join(base, "cells"))) {
  const fields = ["--fields", String(Math.max(6, Math.ceil(perClass / 250)))];
  const simulated = [
    "--out",
    "cells",
    "--localizations",
    CLASSES.join(),
    "--cells",
    String(perClass),
    ...fields,
  ];
  await product.run(base, ["simulate", ...simulated]);
  tell(`simulated ${CLASSES.length * perClass} cells`);
}
await product.run(base, ["run", "study.json", "-o", "whole", "--progress", "none"]);
const { user, system } = process.cpuUsage();
tell(`the study is made on one machine (${Math.round((user + system) / 1e6)} s of the processor so far)`);

const cluster = new Cluster(join(base, "cluster"), base, {
  PATH: `${installCommand(join(base, "bin"), dist)}:${process.env.PATH}`,
  SOURCE_DATE_EPOCH: process.env.SOURCE_DATE_EPOCH,
});
try {
  await cluster.up();
  const made = new ShardedStudy(cluster, join(base, "study.json"), join(base, "sharded"));
  console.log((await made.plan(shards)).trimEnd());
  tell(`planned in ${shards} shards`);
  await makeAmidFaults(cluster, made, shards, tell);
  tell("all features are made");
  await made.merge();
  tell("merged");
  const found = differences(join(base, "whole"), made.out);
  for (const line of found) console.log(line);
  console.log(found.length === 0 ? "all bytes are those of one machine" : `${found.length} files differ`);
  process.exitCode = found.length === 0 ? 0 : 1;
} finally {
  await cluster.down();
  if (values.keep === undefined) rmSync(base, { recursive: true, force: true });
}
