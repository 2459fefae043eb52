import fc from "fast-check";
import { expect, test } from "vitest";
import { closedGroups } from "../../src/core/groups.ts";
import { SettingError } from "../../src/errors.ts";
import { SETTINGS } from "../../src/settings.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { backgroundOf, isSameField, runOf, settingOf } from "../../src/swap/runs.ts";

function request(sizes: readonly (readonly number[])[], seed: number) {
  const classOf: number[] = [];
  const field: string[] = [];
  const rows = sizes.map((fields, c) =>
    fields.flatMap((n, f) =>
      Array.from({ length: n }, () => {
        classOf.push(c);
        return field.push(`${c}_${f}`) - 1;
      }),
    ),
  );
  const classes = sizes.map((_, c) => `class${c}`);
  const groups = closedGroups({ classes, rows, field });
  return {
    groups,
    plan: {
      classes,
      classOf: Int16Array.from(classOf),
      field,
      protein: classOf.map((c) => `P${c}`),
      usable: new Uint8Array(field.length).fill(1),
      settings: SETTINGS.filter((s) => s !== "same" || groups.reach === "all"),
      sameDonor: "any" as const,
      seed,
      group: groups.group,
    },
  };
}

const studies = fc.array(fc.array(fc.integer({ min: 2, max: 9 }), { minLength: 3, maxLength: 12 }), {
  minLength: 2,
  maxLength: 4,
});

test("nothing crosses a fold: no field, no donor, no donor's field", () => {
  fc.assert(
    fc.property(studies, fc.nat(), (sizes, seed) => {
      const { groups, plan: asked } = request(sizes, seed);
      const plan = makePlan(asked);
      const groupOf = new Map<string, number>();
      const see = (what: string, group: number) => {
        expect(groupOf.get(what) ?? group).toBe(group);
        groupOf.set(what, group);
      };
      for (let i = 0; i < plan.count; i++) {
        const group = groups.group[plan.cell[i]];
        see(`field ${asked.field[plan.cell[i]]}`, group);
        if (plan.donor[i] < 0) continue;
        see(`donor ${plan.donor[i]}`, group);
        see(`field ${asked.field[plan.donor[i]]}`, group);
      }
    }),
    { numRuns: 40 },
  );
});

test("donors are of another field, and used evenly within each group", () => {
  fc.assert(
    fc.property(studies, fc.nat(), (sizes, seed) => {
      const { groups, plan: asked } = request(sizes, seed);
      const plan = makePlan(asked);
      const uses = new Map<string, Map<number, number>>();
      for (let i = 0; i < plan.count; i++) {
        const setting = settingOf(plan, i);
        if (setting !== "different" && setting !== "same") continue;
        expect(isSameField(plan, i, asked.field)).toBe(false);
        if (setting === "same") continue;
        const key = `${asked.classOf[plan.cell[i]]} ${backgroundOf(plan, i)} ${groups.group[plan.cell[i]]}`;
        const of = uses.get(key) ?? new Map<number, number>();
        of.set(plan.donor[i], (of.get(plan.donor[i]) ?? 0) + 1);
        uses.set(key, of);
      }
      for (const [key, of] of uses) {
        const [, background, group] = key.split(" ").map(Number);
        const lenders = [...asked.classOf.keys()].filter(
          (row) => asked.classOf[row] === background && groups.group[row] === group,
        );
        const n = lenders.map((row) => of.get(row) ?? 0);
        expect(Math.max(...n) - Math.min(...n)).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 40 },
  );
});

test("each group has draws of its own: another group's cells leave them as they are", () => {
  const { groups, plan: asked } = request([ones(6, 4), ones(6, 4)], 5);
  const fewer = {
    ...asked,
    usable: asked.usable.map((u, row) => (groups.group[row] === 2 && row % 2 ? 0 : u)),
  };
  const of = (plan: ReturnType<typeof makePlan>) =>
    Array.from({ length: plan.count }, (_, i) => i)
      .filter((i) => plan.donor[i] >= 0 && groups.group[plan.cell[i]] < 2)
      .map((i) => [runOf(plan, i).setting, backgroundOf(plan, i), plan.cell[i], plan.donor[i]]);
  expect(of(makePlan(fewer))).toEqual(of(makePlan(asked)));
});

test("a group without a lender is refused", () => {
  const { groups, plan: asked } = request([ones(3, 2), ones(3, 2)], 1);
  const usable = asked.usable.map((u, row) => (asked.classOf[row] === 1 && groups.group[row] === 2 ? 0 : u));
  expect(() => makePlan({ ...asked, usable })).toThrow(SettingError);
  expect(() => makePlan({ ...asked, usable })).toThrow(/class1 has no usable cell in group 2/);
});

function ones(fields: number, cells: number): number[] {
  return Array.from({ length: fields }, () => cells);
}
