import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import {
  commitFolder,
  isLeftPart,
  partName,
  refuseLink,
  removeLeftParts,
  writeError,
  writeFileAtomic,
  writeLargeAtomic,
} from "../../src/files/atomic.ts";
import { stagedPath } from "../../src/files/replace.ts";
import { built } from "../built.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-atomic-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function folder(name: string): string {
  mkdirSync(join(base, name));
  return join(base, name);
}

/** The part name of this process with another number for it, a process that does not run. */
const dead = (path: string) => partName(path).replace(/-\d+-(\d+)$/, "-999999999-$1");

test("the first write in a folder removes what dead processes left there, and nothing else", () => {
  const place = folder("left");
  const own = ["a.csv.part-1", "b.part", "c.part-x-1-2", "notes.txt", partName("running.csv")];
  for (const name of [...own, dead("a.csv")]) writeFileSync(join(place, name), name);
  mkdirSync(join(place, dead("cells")));
  writeFileSync(join(place, dead("cells"), "crops.npy"), "half");
  symlinkSync(join(place, "notes.txt"), join(place, dead("link")));
  writeFileAtomic(join(place, "new.csv"), "text");
  expect(readdirSync(place).sort()).toEqual([...own, "new.csv"].sort());
  expect(readFileSync(join(place, "notes.txt"), "utf8")).toBe("notes.txt");
});

test("what a process elsewhere writes counts as left five minutes after it wrote last", () => {
  const place = folder("elsewhere");
  const path = join(place, `a.part-00000000-${process.pid}-1`);
  writeFileSync(path, "");
  expect(isLeftPart(path)).toBe(false);
  const past = new Date(Date.now() - 301_000);
  utimesSync(path, past, past);
  expect(isLeftPart(path)).toBe(true);
  const whole = join(place, `b.part-00000000-${process.pid}-1`);
  mkdirSync(whole);
  writeFileSync(join(whole, "fresh"), "");
  utimesSync(whole, past, past);
  expect(isLeftPart(whole)).toBe(false);
  removeLeftParts(place);
  expect(readdirSync(place)).toEqual([`b.part-00000000-${process.pid}-1`]);
});

test("the number of a dead process that another has now does not keep its files", () => {
  const started = Number(partName("").split("-").at(-1));
  expect(isLeftPart(partName("a"))).toBe(false);
  expect(isLeftPart(partName("a").replace(/\d+$/, String(started + 1)))).toBe(started !== 0);
});

test("nothing is written through a symbolic link or into a device", () => {
  const place = folder("links");
  writeFileSync(join(place, "own.txt"), "mine");
  symlinkSync(join(place, "own.txt"), join(place, "table.csv"));
  symlinkSync(join(place, "none"), join(place, "dangling.csv"));
  for (const name of ["table.csv", "dangling.csv"])
    for (const write of [
      () => writeFileAtomic(join(place, name), "new"),
      () => writeLargeAtomic(join(place, name), (partial) => writeFileSync(partial, "new")),
    ])
      expect(write).toThrow(`${join(place, name)}: is a symbolic link, through which nothing is written`);
  expect(() => refuseLink(join(place, "own.txt", "below"))).toThrow("a part of this path is a file");
  expect(() => writeFileAtomic("/dev/null", "new")).toThrow("/dev/null: is a device or a pipe");
  expect(readdirSync(place).sort()).toEqual(["dangling.csv", "own.txt", "table.csv"]);
  expect(readFileSync(join(place, "own.txt"), "utf8")).toBe("mine");
});

test("a write that fails leaves what was there and nothing else", () => {
  const place = folder("fails");
  const path = join(place, "a.parquet");
  writeFileAtomic(path, "old");
  const fail = () =>
    writeLargeAtomic(path, (partial) => {
      writeFileSync(partial, "half");
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    });
  expect(fail).toThrow(`${path}: the disk is full`);
  expect(readdirSync(place)).toEqual(["a.parquet"]);
  expect(readFileSync(path, "utf8")).toBe("old");
});

test("a finished folder goes where nothing or an empty folder stands, and nowhere else", () => {
  const place = folder("commit");
  const make = () => {
    mkdirSync(join(place, "new", "inner"), { recursive: true });
    writeFileSync(join(place, "new", "inner", "a"), "a");
    return join(place, "new");
  };
  commitFolder(make(), join(place, "absent"));
  mkdirSync(join(place, "empty"));
  commitFolder(make(), join(place, "empty"));
  for (const name of ["absent", "empty"])
    expect(readFileSync(join(place, name, "inner", "a"), "utf8")).toBe("a");
  expect(() => commitFolder(make(), join(place, "empty"))).toThrow("is not empty");
  symlinkSync(join(place, "absent"), join(place, "link"));
  expect(() => commitFolder(join(place, "new"), join(place, "link"))).toThrow("is a symbolic link");
  expect(existsSync(join(place, "new"))).toBe(true);
});

test("an error of the system is one line that says what is wrong", () => {
  const cause = (code: string) => Object.assign(new Error(code), { code });
  for (const code of ["EMFILE", "EROFS", "ELOOP", "EIO", "ESTALE", "EWHATEVER"]) {
    expect(writeError("a/b", cause(code)).message).toMatch(/^a\/b: [^\n]+; [^\n]+$|^a\/b: .*EWHATEVER/);
  }
  for (const name of [stagedPath("a", "b"), partName("a/b")])
    expect(writeError(name, cause("ENOSPC")).message).toMatch(/^a\/b: the disk is full/);
  const other = new TypeError("a mistake of ours");
  expect(writeError("a", other)).toBe(other);
});

test.skipIf(process.getuid?.() === 0)("a folder without permission is named with its cause", () => {
  const place = folder("locked");
  chmodSync(place, 0o555);
  expect(() => writeFileAtomic(join(place, "a"), "x")).toThrow("no permission to write there");
  chmodSync(place, 0o755);
});

test("the start of a process is part of its files' names", () => {
  const code = `import(${JSON.stringify(join(import.meta.dirname, "../../src/files/parts.ts"))}).then((m) => console.log(m.partName("a")))`;
  const run = () => spawnSync(process.execPath, ["--import", "tsx", "-e", code], { encoding: "utf8" });
  const name = run().stdout.trim();
  expect(name).toMatch(/^a\.part-[0-9a-f]{8}-\d+-\d+$/);
  expect(isLeftPart(name)).toBe(true);
});

test("folders that two make at the same moment are made", async () => {
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const url = pathToFileURL(join(built(), "files/atomic.js")).href;
  const code = `
    const { workerData: { url, base, turn } } = require("node:worker_threads");
    import(url).then(({ makeFolder }) => {
      for (let i = 1; i <= 200; i++) {
        Atomics.add(turn, 0, 1);
        while (Atomics.load(turn, 0) < 2 * i);
        makeFolder(base + "/at-once/" + i + "/a/b");
      }
    });`;
  const ended = [0, 1].map(
    () =>
      new Promise((done) => {
        const worker = new Worker(code, { eval: true, execArgv: [], workerData: { url, base, turn } });
        worker.on("exit", () => done("made"));
        worker.on("error", (error) => {
          // The other one waits no more.
          Atomics.add(turn, 0, 1000);
          done(error.message);
        });
      }),
  );
  expect(await Promise.all(ended)).toEqual(["made", "made"]);
});
