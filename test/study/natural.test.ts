import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { closedGroups } from "../../src/core/groups.ts";
import { mulberry32, namedSeed, normal } from "../../src/core/rng.ts";
import { SETTINGS } from "../../src/settings.ts";
import { PlanIndex } from "../../src/study/block.ts";
import type { EvidenceRequest } from "../../src/study/evidence/further.ts";
import { naturalEvidence } from "../../src/study/evidence/natural.ts";
import { StudyLayout } from "../../src/study/layout.ts";
import { makePlan } from "../../src/swap/plan.ts";
import type { MaskKind } from "../../src/types.ts";
import { drawCells } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-natural-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A study of drawn cells whose encoder gives a class away and what is around a cell not. */
async function request(masks: MaskKind = "full", fields = 6): Promise<EvidenceRequest> {
  const folder = join(base, `${masks}${fields}`);
  drawCells(join(folder, "cells"), { cellsPerClass: 36, fields, masks });
  const store = await CellStore.open(join(folder, "cells"));
  const classes = ["nucleus", "vacuole"];
  const classOf = Int16Array.from(store.cells.localization, (name) => classes.indexOf(name!));
  const rows = classes.map((_, c) => Int32Array.from(classOf.keys()).filter((row) => classOf[row] === c));
  const groups = closedGroups({ classes, rows, field: store.cells.field });
  const settings = ["original", "masked", "cell-free"] as const;
  const plan = makePlan({
    classes,
    classOf,
    field: store.cells.field,
    protein: null,
    usable: store.cells.usable,
    settings,
    sameDonor: "any",
    seed: 1,
    ...(groups.count < 2 ? {} : { group: groups.group }),
  });
  return {
    set: {
      name: "tiny",
      dimension: 2,
      key: (_, of) => `${of.length} of ${SETTINGS.length}`,
      read: (wanted, out) => {
        for (let i = 0; i < wanted.length; i++) {
          const cell = plan.cell[wanted[i]];
          const random = mulberry32(namedSeed(1, cell));
          out[2 * i] = classOf[cell] + normal(random);
          out[2 * i + 1] = normal(random);
        }
      },
    },
    layout: new StudyLayout(join(folder, "study")),
    cells: store.cells,
    store,
    selection: { classes, classOf, rows, multiple: new Int32Array(), leftOut: {} },
    index: new PlanIndex(plan),
    groups,
    study: {
      settings,
      backgrounds: classes,
      class: "Localization",
      seed: 4,
    } as unknown as EvidenceRequest["study"],
  };
}

function draw(of: EvidenceRequest) {
  const steps = naturalEvidence.draw(of);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

test("a study with neighbor masks and closed groups has its numbers per channel, and they fit the schema", async () => {
  const of = await request();
  expect(naturalEvidence.key(of)).not.toBeNull();
  const found = draw(of);
  expect(() => naturalEvidence.shape.parse(found)).not.toThrow();
  expect(found).toMatchObject({ id: "natural", encoder: "tiny", diameter: 16 });
  const whole = found.numbers.filter((n) => n.class === null).map((n) => n.statement);
  expect(whole).toEqual(
    ["area", "number", "nearest", "brightness/GFP", "brightness/RFP"].flatMap((dose) => [
      `natural/${dose}`,
      `natural/${dose}/log-odds`,
      `natural/${dose}/errors`,
      ...(dose === "area" ? ["natural/area/hidden", "natural/area/seen"] : []),
    ]),
  );
  const area = found.numbers.find((n) => n.statement === "natural/area")!;
  expect(area).toMatchObject({ clusters: 6, groups: 3, classes: 2, refused: null });
  // Masked cells give the same features.
  expect(found.numbers.find((n) => n.statement === "natural/area/seen")!.estimate).toBe(0);
  expect(draw(of)).toEqual(found);
});

test.each([
  ["masks that know the center cell alone", "center", 6],
  ["no masks", "none", 6],
  ["one field a class", "full", 1],
] as const)("nothing is drawn with %s", async (_, masks, fields) => {
  expect(naturalEvidence.key(await request(masks, fields))).toBeNull();
});

test("the key follows groups, seed and cells, and nothing else", async () => {
  const of = await request();
  const key = naturalEvidence.key(of);
  expect(naturalEvidence.key(await request())).toBe(key);
  expect(naturalEvidence.key({ ...of, study: { ...of.study, seed: 5 } })).not.toBe(key);
  const group = of.groups.group.map((g) => (g + 1) % 3);
  expect(naturalEvidence.key({ ...of, groups: { ...of.groups, group } })).not.toBe(key);
  expect(naturalEvidence.key(await request("full", 3))).not.toBe(key);
  expect(naturalEvidence.key({ ...of, study: { ...of.study, zone: 9 } })).toBe(key);
});
