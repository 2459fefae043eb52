import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { share } from "../../src/core/share.ts";
import { DataError } from "../../src/errors.ts";
import { sha256 } from "../../src/files/hash.ts";
import { readCsv } from "../../src/files/table.ts";
import { SETTINGS } from "../../src/settings.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { planHash, planTable, writePlan } from "../../src/swap/plan-file.ts";
import { readPlan } from "../../src/swap/read-plan.ts";
import { backgroundOf, runsOf, settingOf } from "../../src/swap/runs.ts";

const cells = {
  count: 8,
  id: ["a1", "a2", "a3", "a,4", "b1", "b2", "b3", 'b"4'],
  field: ["F1", "F1", "F2", "F2", "G1", "G1", "G2", "G2"],
};
const classes = ["nucleus", "Golgi, late"];
const classOf = Int16Array.from([0, 0, 0, 0, 1, 1, 1, 1]);
const told = { ...cells, protein: cells.field.map((f) => f[0]), classOf };
const plan = makePlan({
  classes,
  classOf,
  field: cells.field,
  protein: cells.field,
  usable: new Uint8Array(8).fill(1),
  settings: SETTINGS,
  sameDonor: "any",
  seed: 3,
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plan-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (text: string) => {
  const path = join(folder, "made-elsewhere.csv");
  writeFileSync(path, text);
  return readPlan(path, cells, classes, classOf);
};

test.each(["csv", "parquet"])("a plan written as %s is read back whole", async (ending) => {
  writePlan(join(folder, "plan"), plan, told);
  expect(await readPlan(join(folder, `plan.${ending}`), cells, classes, classOf)).toEqual({
    ...plan,
    seed: null,
  });
});

test("a plan's hash is that of its arrays one behind the other", () => {
  const medium = { of: Int32Array.from(plan.cell, (_, i) => (i % 3) - 1), key: null };
  const bytes = ({ buffer, byteOffset, byteLength }: Int32Array | Int16Array | Uint8Array) =>
    Buffer.from(buffer.slice(byteOffset, byteOffset + byteLength));
  const setting = Uint8Array.from(plan.cell, (_, row) => SETTINGS.indexOf(settingOf(plan, row)));
  const background = Int16Array.from(plan.cell, (_, row) => backgroundOf(plan, row));
  const said = [setting, background, plan.cell, plan.donor];
  expect(planHash(plan)).toBe(sha256(Buffer.concat(said.map(bytes))));
  expect(planHash({ ...plan, medium })).toBe(sha256(Buffer.concat([...said, medium.of].map(bytes))));
  expect(planHash({ ...plan, cell: share(plan.cell) })).toBe(planHash(plan));
});

test("the table says what cell and donor are", () => {
  writePlan(join(folder, "plan"), plan, told);
  const table = readCsv(join(folder, "plan.csv"));
  const classOf = new Map(cells.id.map((id, row) => [id, classes[told.classOf[row]]]));
  const column = (name: string) => table.get(name)!;
  expect(column("class")).toEqual(column("cell_id").map((id) => classOf.get(id)));
  expect(column("donor_class")).toEqual(column("donor_id").map((id) => classOf.get(id) ?? ""));
  expect(column("field")).toEqual(column("cell").map((row) => cells.field[Number(row)]));
  expect(column("protein")).toEqual(column("field").map((f) => f[0]));
  const unclassed = { ...told, classOf: told.classOf.map(() => -1) };
  expect(planTable(plan, unclassed).get("class")).toEqual(Array.from(plan.cell, () => null));
});

test("a plan made elsewhere may have ids only, any order and no same_field", async () => {
  const made = await read(
    'setting,cell_id,background,donor_id\ndifferent,a1,"Golgi, late",b3\nself,a2,,\noriginal,a1,,\nsame,a1,nucleus,a2\n',
  );
  expect(made).toEqual({
    seed: null,
    count: 4,
    classes,
    cell: Int32Array.of(0, 1, 0, 0),
    runs: runsOf(Uint8Array.of(0, 1, 2, 4), Int16Array.of(-1, -1, 0, 1)),
    donor: Int32Array.of(-1, 1, 1, 6),
  });
});

test("rows of the store serve instead of ids", async () => {
  const made = await read("cell,setting,background,donor\n5,cell-free,nucleus,3\n");
  expect([made.cell[0], made.donor[0], backgroundOf(made, 0)]).toEqual([5, 3, 0]);
});

describe("what cannot be used is refused with its row", () => {
  test.each([
    ["setting,background\nsame,nucleus\n", /columns setting, background; a swap plan needs/],
    ["cell_id,setting\na1,original\nzz,original\n", /row 3: there is no cell zz/],
    ["cell_id,cell,setting\na1,1,original\n", /row 2: cell_id a1 is row 0 of the store, but cell is 1/],
    ["cell,setting\n8,original\n", /row 2: cell is 8; a row of the store, 0 to 7/],
    ["cell,setting\n1.5,original\n", /row 2: cell is 1.5/],
    ["cell_id,setting\n,original\n", /row 2: has no cell/],
    ["cell_id,setting\na1,swapped\n", /row 2: setting swapped is not known; use original, self/],
    ["cell_id,setting,background,donor_id\na1,same,nucleus,\n", /row 2: setting same needs a donor/],
    [
      "cell_id,setting,background,donor_id\na1,different,,b1\n",
      /row 2: setting different needs a background/,
    ],
    ["cell_id,setting,background,donor_id\na1,same,nucleus,a1\n", /row 2: cell a1 is its own donor/],
    ["cell_id,setting,background,donor_id\na1,same,vacuole,a2\n", /row 2: background vacuole is not a class/],
    ["cell_id,setting,background,donor_id\na1,masked,,a2\n", /row 2: setting masked has no donor/],
    [
      "cell_id,setting,background,donor_id\na1,self,,a2\n",
      /row 2: setting self has no donor but the cell itself/,
    ],
    [
      "cell_id,setting,background,donor_id\na1,original,nucleus,\n",
      /row 2: setting original has no background/,
    ],
    ["cell_id,setting\na2,masked\na1,masked\na2,masked\n", /row 4: cell a2 has masked twice/],
  ])("%j", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toThrow(DataError);
  });
});
