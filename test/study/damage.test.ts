import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CellswapError } from "../../src/errors.ts";
import { exportAnnData } from "../../src/study/anndata/export.ts";
import { readResults, readStudyFolder } from "../../src/study/read.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { verify } from "../../src/study/verify.ts";
import { runStudy, type StudyOptions } from "../../src/study.ts";
import { contents } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-damage-"));
const whole = join(base, "whole");
const out = join(base, "out");
let expected: Record<string, string>;
let names: string[];
/** One file of every kind. */
let sample: string[];

/** A file, or the part of the features that it is of. */
const baseOf = (name: string) => name.replace(/(?:\.rows|\.sums)?\.npy$/, "");

/** Folder and ending of a file. */
const kindOf = (name: string) => name.replace(/[^/]*?(?=(?:\.rows|\.sums)?\.[a-z]+$)/, "");

beforeAll(async () => {
  drawCells(join(base, "cells"), {
    cellsPerClass: 9,
    fields: 3,
    localization: (name, i) => (i === 8 ? `${name}|other` : name),
  });
  writeEncoder(base, { name: "tiny" });
  await run({ out: whole });
  expected = contents(whole);
  // Where cells and encoders lie is of this machine, and no result: nothing vouches for it, and every run writes it.
  names = Object.keys(expected).filter((name) => name !== "view/sources.json");
  sample = names.filter((name, i) => names.findIndex((other) => kindOf(other) === kindOf(name)) === i);
});
beforeEach(() => {
  rmSync(out, { recursive: true, force: true });
  cpSync(whole, out, { recursive: true });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Runs the study; returns the files that were said to be damaged. */
async function run(options: Partial<StudyOptions> = {}, keys = {}): Promise<string[]> {
  const path = writeStudy(join(base, "study.json"), {
    encoders: ["tiny.json"],
    settings: ["original", "masked", "different"],
    ...keys,
  });
  const told: string[] = [];
  const onDamage = (file: string) => told.push(file);
  await runStudy(readStudyFile(path), { out, workers: 1, date: "2026-01-01", onDamage, ...options });
  return told;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(at * (bytes.length - 1))] ^= 4;
  writeFileSync(path, bytes);
}

/** Every kind of damage that leaves something, or nothing, that a run can write anew. */
const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  "a bit of the first byte": (path) => flip(path, 0),
  "a bit of the middle": (path) => flip(path, 0.5),
  "a bit of the last tenth": (path) => flip(path, 0.93),
  "a bit of the last byte": (path) => flip(path, 1),
  "cut by a byte": (path) => truncateSync(path, statSync(path).size - 1),
  "cut in half": (path) => truncateSync(path, statSync(path).size >> 1),
  empty: (path) => truncateSync(path, 0),
  "a tail of zeros": (path) => {
    const { size } = statSync(path);
    truncateSync(path, size >> 1);
    truncateSync(path, size);
  },
  "a byte more": (path) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(1)])),
  "a digit, at the same size and time": (path) => {
    const { atime, mtime } = statSync(path);
    const bytes = readFileSync(path);
    const at = bytes.findIndex((c, i) => i > bytes.length / 3 && c >= 0x30 && c < 0x39);
    bytes[at < 0 ? bytes.length >> 1 : at]++;
    writeFileSync(path, bytes);
    utimesSync(path, atime, mtime);
  },
  removed: (path) => rmSync(path),
};

/** Files that are not as they were written, as `cellswap verify` names them. */
async function faults(folder = out): Promise<string[]> {
  const { files } = await verify(folder);
  for (const { fault } of files) expect(fault ?? "").not.toMatch(/\n|unexpected/);
  return files.filter(({ fault }) => fault !== null).map(({ path }) => path.slice(folder.length + 1));
}

/** The one line that something fails with. */
async function refusal(work: () => Promise<unknown>): Promise<string> {
  const error = await work().then(
    () => null,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(CellswapError);
  expect((error as Error).message).not.toContain("\n");
  return (error as Error).message;
}

test("a finished study is verified, every file of it", async () => {
  const { kind, files } = await verify(whole);
  expect(kind).toBe("study");
  expect(files.map(({ path }) => path.slice(whole.length + 1)).sort()).toEqual(names);
  expect(await faults(whole)).toEqual([]);
  for (const stage of ["blocks/tiny/different.nucleus", "transfer/tiny", "proportions/tiny", "survey"])
    expect(names).toContain(`stages/${stage}.json`);
});

test.each(Object.keys(DAMAGES))("%s: named by verify, in whichever file it is", async (kind) => {
  for (const name of names) {
    cpSync(join(whole, name), join(out, name));
    DAMAGES[kind](join(out, name));
    // Of a part, what does not fit together may be named as well.
    const found = await faults();
    expect(found, name).toContain(name);
    for (const other of found) expect(baseOf(other)).toBe(baseOf(name));
    cpSync(join(whole, name), join(out, name));
  }
});

test("an output of a stage that is of another run is named by verify", async () => {
  const [one, other] = ["masked", "original"].map((setting) => `stages/blocks/tiny/${setting}.json`);
  cpSync(join(whole, one), join(out, other));
  expect(await faults()).toEqual([other]);
  expect((await verify(out)).files.find(({ fault }) => fault !== null)?.fault).toMatch(
    /^is of another run than the results; run the study again/,
  );
});

test.each(Object.keys(DAMAGES))("%s, in all files but the record: a run mends them all", async (kind) => {
  for (const name of names) if (name !== "record.json") DAMAGES[kind](join(out, name));
  await run();
  expect(contents(out)).toEqual(expected);
});

test("one damaged file, of whichever kind: a run mends it, and says so", { timeout: 300_000 }, async () => {
  const kinds = Object.keys(DAMAGES);
  for (const [i, name] of sample.entries()) {
    const kind = kinds[i % kinds.length];
    DAMAGES[kind](join(out, name));
    const told = await run();
    if (/^(?:features|stages|plan|record)/.test(name) && kind !== "removed")
      expect(told.map(baseOf), `${name}: ${kind}`).toEqual([join(out, baseOf(name))]);
    expect(contents(out), `${name}: ${kind}`).toEqual(expected);
  }
});

test.each(Object.keys(DAMAGES))("a record with %s: read by no command, mended by a run", async (kind) => {
  DAMAGES[kind](join(out, "record.json"));
  for (const read of [readResults, readStudyFolder])
    expect(await refusal(() => read(out))).toMatch(
      /record\.json: is (?:damaged|missing).*run the study again/,
    );
  const force = /cut in half|removed/.test(kind);
  expect(await run({ force })).toHaveLength(force ? 0 : 1);
  expect(contents(out)).toEqual(expected);
});

test("swapped with others of their folder, files are noticed and made again", async () => {
  const left = new Set(names);
  const swapped: string[] = [];
  for (const name of names) {
    // Without a record nothing vouches for the rest.
    left.delete("record.json");
    const kin = names.find(
      (n) => n !== name && left.has(n) && kindOf(n) === kindOf(name) && expected[n] !== expected[name],
    );
    if (!left.has(name) || kin === undefined) continue;
    left.delete(name);
    left.delete(kin);
    const [a, b] = [join(out, name), join(out, kin)];
    renameSync(a, `${a}.aside`);
    renameSync(b, a);
    renameSync(`${a}.aside`, b);
    swapped.push(name, kin);
  }
  expect(swapped.length).toBeGreaterThan(8);
  const found = await faults();
  // What a stage keeps is known by its key, so that a sibling's counts as not there.
  for (const name of swapped) if (!/^stages/.test(name)) expect(found.map(baseOf)).toContain(baseOf(name));
  await run();
  expect(contents(out)).toEqual(expected);
});

test("results that are not as the study wrote them are refused by name, wherever they are read", async () => {
  const read: Record<string, (() => Promise<unknown>)[]> = {
    "report.json": [() => readStudyFolder(out), () => exportAnnData(out, join(base, "no.h5ad"))],
    "results/pairs.parquet": [
      () => readResults(out),
      () => readResults(join(out, "results")),
      () => readResults(join(out, "results/pairs.parquet")),
      () => readStudyFolder(out),
    ],
    "results/pairs.csv": [() => readResults(join(out, "results/pairs.csv"))],
    "results/tiny/results_base.csv": [() => readResults(join(out, "results/tiny"))],
    "results/cells.parquet": [() => exportAnnData(out, join(base, "no.h5ad"))],
    "plan.parquet": [() => exportAnnData(out, join(base, "no.h5ad"))],
  };
  for (const [name, readers] of Object.entries(read))
    for (const damage of Object.values(DAMAGES)) {
      damage(join(out, name));
      for (const reader of readers)
        expect(await refusal(reader)).toMatch(
          new RegExp(`${name.replaceAll(".", "\\.")}: is .*; run the study again`),
        );
      cpSync(join(whole, name), join(out, name));
    }
  const part = names.find((name) => /^features\/.*original.*-[0-9a-f]{12}\.npy$/.test(name))!;
  DAMAGES["a bit of the middle"](join(out, part));
  expect(await refusal(() => exportAnnData(out, join(base, "no.h5ad")))).toContain(
    `${join(out, part)}: is damaged: row`,
  );
  expect(readdirSync(base)).not.toContain("no.h5ad");
});

test("tables that no record vouches for are read as they are", async () => {
  const scores = await readResults(whole);
  const copy = join(base, "copied.csv");
  cpSync(join(whole, "results/pairs.csv"), copy);
  expect(await readResults(copy)).toEqual(scores);
  cpSync(join(whole, "results/tiny"), join(base, "copied"), { recursive: true });
  expect((await readResults(join(base, "copied"))).map((s) => s.accuracy)).toEqual(
    scores.map((s) => s.accuracy),
  );
});

test("stopped in any stage and then damaged, a study ends with the same bytes", async () => {
  for (const stage of ["composites", "pairs"] as const)
    for (const kind of ["a bit of the middle", "a tail of zeros", "removed"]) {
      rmSync(out, { recursive: true, force: true });
      const stop = new AbortController();
      const onProgress: StudyOptions["onProgress"] = (at, done) => {
        if (at === stage && (done > 0 || stage === "pairs")) stop.abort();
      };
      expect(await refusal(() => run({ signal: stop.signal, onProgress }))).toMatch(/^stopped/);
      for (const name of Object.keys(contents(out))) DAMAGES[kind](join(out, name));
      const message = await run().then(
        () => "",
        (error: unknown) => (error as Error).message,
      );
      // With its record and all that is known of it gone, a folder is no study any more.
      expect(message).toMatch(/^$|is not of a study; choose another --out|is not empty and holds no study/);
      if (message === "") expect(contents(out), `${stage}: ${kind}`).toEqual(expected);
    }
});

test("a folder in the place of a file is one line, and stays", async () => {
  for (const name of sample) {
    rmSync(join(out, name));
    mkdirSync(join(out, name));
    writeFileSync(join(out, name, "mine.txt"), "mine");
    expect(await refusal(() => run())).toMatch(
      /record\.json|: stands where a run writes a file; move it away/,
    );
    expect(await faults()).toContain(name);
    expect(readFileSync(join(out, name, "mine.txt"), "utf8")).toBe("mine");
    rmSync(join(out, name), { recursive: true });
    cpSync(join(whole, name), join(out, name));
  }
});

test("nothing is written, read or removed through a link in the folder", async () => {
  const elsewhere = join(base, "elsewhere");
  const folders = ["features", "features/tiny", "stages", "stages/blocks", "results", "results/tiny"];
  for (const name of [...sample, ...folders]) {
    rmSync(elsewhere, { recursive: true, force: true });
    cpSync(join(whole, name), elsewhere, { recursive: true });
    const before = lstatSync(elsewhere).isDirectory() ? contents(elsewhere) : readFileSync(elsewhere);
    rmSync(join(out, name), { recursive: true });
    symlinkSync(elsewhere, join(out, name));
    for (const options of [{}, { force: true }])
      expect(await refusal(() => run(options))).toContain(`${join(out, name)}: is a symbolic link`);
    expect(lstatSync(elsewhere).isDirectory() ? contents(elsewhere) : readFileSync(elsewhere)).toEqual(
      before,
    );
    rmSync(join(out, name));
    cpSync(join(whole, name), join(out, name), { recursive: true });
  }
  expect(contents(out)).toEqual(expected);
});

test("a study folder that is a link to a folder is that folder", async () => {
  const link = join(base, "link");
  symlinkSync(out, link);
  flip(join(out, "report.html"), 0.5);
  await run({ out: link });
  expect(contents(out)).toEqual(expected);
});

test("files of a user's in the folder stay, whatever a run does there", async () => {
  const mine = [
    "notes.md",
    "results/notes.md",
    "results/tiny/results_mine.csv",
    "results/more/mine.csv",
    "features/mine.npy",
    "features/tiny/mine.npy",
    "features/tiny/x.filling",
    "stages/mine.json",
    "stages/blocks/tiny/mine.json",
    "logs/mine.txt",
    "x.part-3",
    "results/pairs.csv.part-3",
    "run.lock.mine",
  ];
  for (const name of mine) {
    mkdirSync(join(out, name, ".."), { recursive: true });
    writeFileSync(join(out, name), name);
  }
  await run({}, { settings: ["original", "masked"] });
  await run({ force: true });
  for (const name of mine) expect(readFileSync(join(out, name), "utf8")).toBe(name);
  const left = Object.fromEntries(Object.entries(contents(out)).filter(([name]) => !mine.includes(name)));
  expect(left).toEqual(expected);
});
