import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built } from "../built.ts";
import { Disk, LOSSES } from "./disk.ts";
import { type Operation, type Prepared, Product, prepare, trial } from "./harness.ts";
import { killPoints } from "./points.ts";
import { cutPower } from "./power.ts";
import { SCENARIOS } from "./scenarios.ts";

/** Of all of `scripts/kill.ts` and `scripts/power-cut.ts`, for every command. */
const [KILLS, STATES] = [2, 4];

const base = mkdtempSync(join(tmpdir(), "cellswap-faults-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

// The demo takes a minute per kill: the script does it.
describe.each(SCENARIOS.filter(({ name }) => !name.startsWith("demo")))("$name", (scenario) => {
  const product = new Product(built());
  let prepared: Prepared;
  beforeAll(async () => {
    prepared = await prepare(product, scenario, join(base, scenario.name));
  });
  afterAll(() => rmSync(join(base, scenario.name), { recursive: true, force: true }));

  test("killed at its writes: old or new, and the next run ends in the same bytes with nothing left", async () => {
    let kills = 0;
    for (const { at, half } of killPoints(prepared.operations, KILLS, scenario.name)) {
      const { killed, faults } = await trial(product, prepared, at, half);
      expect(faults, `${half ? "in" : "before"} operation ${at}`).toEqual([]);
      if (killed) kills++;
    }
    expect(kills).toBeGreaterThan(0);
  });

  test("without power at any of its writes: old, new or refused, never damage", async () => {
    const cuts = await cutPower(product, prepared, STATES);
    expect(cuts.faults).toEqual([]);
    expect(cuts.looked).toBeGreaterThan(1);
  });
});

test("a disk keeps what was synced: bytes of files and names in folders apart", () => {
  const template = mkdtempSync(join(base, "disk-"));
  writeFileSync(join(template, "a"), "old");
  const disk = new Disk(template, "/w");
  const bytes = (text: string) => ({ data: Buffer.from(text).toString("base64"), result: text.length });
  const operations: Operation[] = [
    { op: "open", path: "/w/b", flags: "w", result: 9 },
    { op: "write", file: 9, position: null, ...bytes("new!") },
    { op: "rename", path: "/w/b", to: "/w/a" },
  ];
  for (const operation of operations) disk.apply(operation);
  const found = () => LOSSES.map((loss) => disk.after(loss).get("a")?.toString());
  expect(found()).toEqual(["new!", "\0\0\0\0", "", "old"]);
  disk.apply({ op: "sync", file: 9 });
  expect(found()).toEqual(["new!", "new!", "new!", "old"]);
  disk.apply({ op: "look", path: "/w", file: 8 });
  disk.apply({ op: "sync", file: 8 });
  expect(found()).toEqual(["new!", "new!", "new!", "new!"]);
});

test("a command writes nothing through links that stand where its files go", async () => {
  const product = new Product(built());
  for (const name of [
    "segment",
    "export anndata",
    "table --out --figure",
    "encoder import over an encoder",
  ]) {
    const scenario = SCENARIOS.find((s) => s.name === name)!;
    const folder = mkdtempSync(join(base, "links-"));
    await scenario.prepare(folder, (...args) => product.run(folder, args));
    const own = join(base, "own.txt");
    const place = { segment: "cells/masks.npy", "export anndata": "study.h5ad" }[name];
    const link = join(folder, place ?? (name.startsWith("table") ? "table.csv" : "encoders/pci.onnx"));
    writeFileSync(own, "mine");
    rmSync(link, { force: true });
    symlinkSync(own, link);
    await expect(product.run(folder, scenario.args), name).rejects.toThrow(/exit 1: .*is a symbolic link/s);
    expect(readFileSync(own, "utf8")).toBe("mine");
  }
});
