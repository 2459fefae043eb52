import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { type ViewStudy, viewIndexSchema } from "../../src/explore/format.ts";
import { sha256File } from "../../src/files/hash.ts";
import { NpyReader } from "../../src/files/npy.ts";
import type { Entry } from "../../src/view/entries.ts";
import { exportView } from "../../src/view/export.ts";
import { isClosed, withoutServer } from "../../src/view/static.ts";
import { openViewStudy } from "../../src/view/study.ts";
import { contents } from "../study/command.ts";
import { describeModel, drawCells, writeEncoder } from "../study/drawn.ts";
import { drawnPage, drawnStudy, runDrawn, SIZE } from "./studies.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-site-"));
let study: string;
let page: string;

beforeAll(async () => {
  study = await drawnStudy(base);
  page = drawnPage(base);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const studiesIn = (site: string): readonly ViewStudy[] =>
  viewIndexSchema.parse(JSON.parse(readFileSync(join(site, "data/index.json"), "utf8"))).studies;

test("an export holds the page, the study's own files, the cells and the network, and nothing else", async () => {
  const site = join(base, "site");
  const sizes: number[] = [];
  const exported = await exportView([study], site, { page, onSize: (bytes) => sizes.push(bytes) });
  const files = Object.keys(contents(site));
  expect(files.filter((name) => !name.startsWith("data/")).sort()).toEqual([
    "assets/net-1.wasm",
    "assets/page-1.js",
    "index.html",
  ]);
  for (const name of ["plan.parquet", "cells.parquet", "tiny/composites.parquet"])
    expect(sha256File(join(site, "data/0", name))).toBe(sha256File(join(study, "view", name)));
  expect(sha256File(join(site, "data/0/encoders/tiny.onnx"))).toBe(sha256File(join(base, "tiny.onnx")));
  expect(readEncoder(join(site, "data/0/encoders/tiny.json")).description.name).toBe("tiny");
  // Tables of the results are there to be taken away.
  const others = files.filter((name) => !name.startsWith("data/0/results/"));
  expect(others.filter((name) => /sources|record|stages|\.csv$/.test(name))).toEqual([]);
  expect(readFileSync(join(site, "index.html"), "utf8")).toMatch(
    /<head><meta http-equiv="Content-Security-Policy" content="default-src 'self'; [^"]*">/,
  );
  const [about] = studiesIn(site);
  expect(about).toEqual(JSON.parse(readFileSync(join(site, "data/0/study.json"), "utf8")));
  expect(about.encoders[0].runs).toEqual({ where: "page", why: null });
  expect(exported).toMatchObject({ out: site, files: files.length, without: [] });
  // The page's own policy comes on top.
  expect(sizes[0]).toBe(exported.bytes);
  // Nothing says where anything lay.
  for (const name of files) expect(readFileSync(join(site, name)).includes(base), name).toBe(false);
});

test("crops and masks stand in files of a few of them, in order", async () => {
  const part = 10;
  const pixels = SIZE * SIZE;
  const { about, entries } = withoutServer(await openViewStudy(study), true, part * 8 * pixels + 5);
  expect(about.crops.part).toBe(part);
  for (const [name, type, row] of [
    ["crops", "float32", 2 * pixels],
    ["masks", "uint8", pixels],
  ] as const) {
    const whole = new NpyReader(join(base, `cells/${name}.npy`));
    const names = [...entries.keys()].filter((key) => key.startsWith(`${name}/`));
    expect(names).toEqual(["0000", "0001", "0002"].map((n) => `${name}/${n}.npy`));
    expect(entries.has(`${name}.npy`)).toBe(false);
    let at = 0;
    for (const key of names) {
      const entry = entries.get(key) as Extract<Entry, { bytes: unknown }>;
      const file = join(base, "part.npy");
      writeFileSync(file, entry.bytes());
      expect(entry.bytes().length).toBe(entry.size);
      const own = new NpyReader(file);
      const count = own.shape[0];
      const array = () => (type === "float32" ? new Float32Array(count * row) : new Uint8Array(count * row));
      const [given, expected] = [array(), array()];
      own.read(0, count, given);
      whole.read(at, count, expected);
      expect(given).toEqual(expected);
      at += count;
      own.close();
    }
    expect(at).toBe(about.crops.count);
    whole.close();
  }
});

test("networks are left out where the user, the license or a missing server says so", async () => {
  const folder = join(base, "closed");
  drawCells(join(folder, "cells"), { cellsPerClass: 12, fields: 3, size: SIZE });
  const description = JSON.parse(readFileSync(writeEncoder(folder, { name: "tiny", size: SIZE }), "utf8"));
  describeModel(folder, { ...description, license: "Proprietary, all rights reserved" });
  describeModel(folder, { ...description, name: "half", license: "CC-BY-NC-4.0" });
  const own = await runDrawn(folder, ["tiny.json", "half.json"]);
  const closed = await exportView([own], join(folder, "site"), { page });
  const why = "its license keeps its network out of the export (Proprietary, all rights reserved)";
  expect(closed.without).toEqual([{ encoder: "tiny", why }]);
  expect(readdirSync(join(folder, "site/data/0/encoders"))).toEqual(["half.json", "half.onnx"]);
  expect(studiesIn(join(folder, "site"))[0].encoders.map((e) => e.runs.where)).toEqual(["none", "page"]);
  const none = await exportView([own], join(folder, "none"), { page, encoders: false });
  expect(none.without.map(({ encoder }) => encoder)).toEqual(["tiny", "half"]);
  expect(existsSync(join(folder, "none/data/0/encoders"))).toBe(false);
});

test("a license is closed only where it says so", () => {
  for (const closed of ["Proprietary", "UNLICENSED", "All rights reserved.", "not for redistribution"])
    expect(isClosed(closed), closed).toBe(true);
  for (const open of [
    "MIT",
    "Apache-2.0",
    "GPL-2.0",
    "CC-BY-NC-4.0",
    "redistribution permitted",
    "Unlicense",
  ])
    expect(isClosed(open), open).toBe(false);
});

test("what stands in the place of an export is refused and left as it was", async () => {
  const taken = join(base, "taken");
  mkdirSync(taken);
  writeFileSync(join(taken, "notes.txt"), "mine");
  await expect(exportView([study], taken, { page })).rejects.toThrow(
    /taken: is not empty; export to another/,
  );
  await expect(exportView([study], join(taken, "notes.txt"), { page })).rejects.toThrow(/is a file/);
  symlinkSync(taken, join(base, "link"));
  await expect(exportView([study], join(base, "link"), { page })).rejects.toThrow(/is a symbolic link/);
  const stop = AbortSignal.abort();
  await expect(exportView([study], join(base, "stopped"), { page, signal: stop })).rejects.toThrow(/stopped/);
  expect(contents(taken)).toEqual({ "notes.txt": contents(taken)["notes.txt"] });
  expect(readdirSync(base).filter((name) => /stopped|\.part-/.test(name))).toEqual([]);
  // An empty folder is filled.
  mkdirSync(join(base, "empty"));
  await exportView([study], join(base, "empty"), { page });
  expect(existsSync(join(base, "empty/index.html"))).toBe(true);
});

test("several studies stand in folders by their position", async () => {
  const site = join(base, "two");
  await exportView([study, study], site, { page });
  expect(studiesIn(site)).toHaveLength(2);
  expect(contents(join(site, "data/1"))).toEqual(contents(join(site, "data/0")));
});
