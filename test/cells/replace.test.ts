import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { INDEX } from "../../src/cells/checked.ts";
import { headerText, sealed } from "../../src/cells/header.ts";
import { stageMasks } from "../../src/cells/replace.ts";
import { CellStore, CellStoreWriter, readHeader } from "../../src/cells/store.ts";
import { stagedPath } from "../../src/files/replace.ts";
import { verify } from "../../src/study/verify.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-replaced-"));
const path = join(scratch, "cells");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function write(at: string, cells: number, masks = true, leftOut = false): void {
  const shape = { channels: ["GFP"], height: 4, width: 4 };
  const writer = new CellStoreWriter(at, shape, masks ? "full" : "none", "test");
  for (let n = 0; n < cells; n++)
    writer.append(new Float32Array(16).fill(n + cells), masks ? new Uint8Array(16).fill(1) : null, {
      Metadata_Cell: `c${n}`,
      Metadata_Protein: "P",
      Metadata_Field: "F",
      Metadata_Localization: null,
    });
  if (leftOut) writer.add("left-out.csv", (file) => writeFileSync(file, "Reason\nborder\n"));
  writer.finish(masks ? { verdict: new Array(cells).fill("ok"), measures: new Map() } : null);
}

const contents = (of = path) =>
  Object.fromEntries(
    readdirSync(of)
      .filter((name) => name !== INDEX)
      .sort()
      .map((name) => [name, readFileSync(join(of, name)).toString("latin1")]),
  );

beforeEach(() => {
  rmSync(path, { recursive: true, force: true });
  write(path, 3, true, true);
});

test("a new store takes the files of an older one away and leaves a user's own", () => {
  writeFileSync(join(path, "contact-sheet.png"), "of the old masks");
  writeFileSync(join(path, "notes.txt"), "mine");
  write(path, 2, false);
  const fresh = join(scratch, "fresh");
  write(fresh, 2, false);
  expect(contents()).toEqual({ ...contents(fresh), "notes.txt": "mine" });
  expect(readdirSync(scratch).sort()).toEqual(["cells", "fresh"]);
});

test.each([
  ["a link", (file: string) => symlinkSync(join(scratch, "target"), file), "is a symbolic link"],
  ["a folder", (file: string) => mkdirSync(file), "is in the way, as the store has a file of this name"],
])("%s in the way is named, and nothing is touched", (_, make, what) => {
  const target = join(scratch, "target");
  writeFileSync(target, "precious");
  for (const name of ["crops.npy", "quality.csv", "contact-sheet.png", "left-out.csv"]) {
    const file = join(path, name);
    const kept = existsSync(file) ? readFileSync(file) : null;
    rmSync(file, { force: true });
    make(file);
    expect(() => write(path, 2), name).toThrow(`${file}: ${what}`);
    if (name === "quality.csv") expect(() => stageMasks(path)).toThrow(`${file}: ${what}`);
    expect(readFileSync(target, "utf8")).toBe("precious");
    rmSync(file, { recursive: true });
    if (kept !== null) writeFileSync(file, kept);
  }
  rmSync(target);
  expect(readHeader(path).count).toBe(3);
  expect(readdirSync(scratch).filter((name) => name.startsWith("cells"))).toEqual(["cells"]);
});

test("a store whose files are links is read", async () => {
  const file = join(path, "crops.npy");
  renameSync(file, join(scratch, "crops"));
  symlinkSync(join(scratch, "crops"), file);
  const store = await CellStore.open(path);
  const crop = new Float32Array(16);
  store.readCrop(1, crop);
  expect(crop[0]).toBe(4);
  store.close();
});

/** Leaves the store as a replacement does that is killed after it was decided and after `moved` files got their names. */
function cutOff(next: string, moved: number): void {
  const header = readHeader(next);
  const names = Object.keys(header.hashes);
  const stage = (name: string) => stagedPath(path, name);
  for (const name of names) copyFileSync(join(next, name), stage(name));
  const staged = {
    ...Object.fromEntries(names.map((name) => [name, stage(name).slice(path.length + 1)])),
    "left-out.csv": null,
  };
  writeFileSync(join(path, "cells.json"), headerText(sealed({ ...header, staged })));
  for (const name of names.slice(0, moved)) renameSync(stage(name), join(path, name));
}

test.each([0, 1, 2, 3, 4])(
  "a replacement cut off after %i files is read as the new store, and ended by the next writer",
  async (moved) => {
    const next = join(scratch, "next");
    write(next, 2);
    cutOff(next, moved);
    const store = await CellStore.open(path);
    expect([store.count, store.verdicts]).toEqual([2, ["ok", "ok"]]);
    const crop = new Float32Array(16);
    store.readCrop(1, crop);
    expect(crop[0]).toBe(3);
    store.close();
    expect((await verify(path)).files.filter((f) => f.fault !== null)).toEqual([]);
    stageMasks(path);
    expect(contents()).toEqual(contents(next));
  },
);

test("a header that was changed to remove files is not believed", () => {
  const header = JSON.parse(readFileSync(join(path, "cells.json"), "utf8"));
  const forged = JSON.stringify({ ...header, staged: { "crops.npy": null } });
  writeFileSync(join(path, "cells.json"), forged);
  expect(() => stageMasks(path)).toThrow(/cells.json: was changed after it was written/);
  expect(() => write(path, 2)).toThrow(/cells.json: was changed after it was written/);
  expect(existsSync(join(path, "crops.npy"))).toBe(true);
});
