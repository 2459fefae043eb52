/** Studies whose composites are made otherwise: what is stated of the changes, in simulated studies of known truth. */
import { mean } from "../../src/core/statistics.ts";
import {
  numberOf,
  SENSITIVE_EFFECTS,
  type SensitiveEffect,
  sensitivity,
} from "../../src/evidence/sensitivity.ts";
import { EFFECTS } from "../../src/evidence/tables.ts";
import { type Design, makeWorld } from "./model.ts";
import { drawStudy, judge, type Replicate } from "./study.ts";

/**
 * The same draws of cells, fields and donors, composed otherwise: with half and most of the neighbors' dose, a stronger
 * medium, more of what pasting adds, and another draw of it, which changes nothing on average.
 */
export const VARIED: Readonly<Record<string, { readonly change: Partial<Design>; readonly again?: number }>> =
  {
    "half dose": { change: { lambda: 0.5 } },
    "most of the dose": { change: { lambda: 0.9 } },
    medium: { change: { medium: 0.4 } },
    paste: { change: { paste: 0.6 } },
    redrawn: { change: {}, again: 1 },
  };

/** How often an interval holds the truth, and the change is shown where there is none. */
export interface SensitivitySummary {
  readonly name: string;
  readonly replicates: number;
  readonly rows: readonly {
    readonly effect: SensitiveEffect;
    /** Percent of the studies in which all changes' intervals hold at once; one that is refused states nothing, and counts as holding. */
    readonly all: number;
    /** Percent of all changes that have an interval. */
    readonly given: number;
    /** The same as `all`, of the studies alone in which every change has an interval, and their number. */
    readonly whole: { readonly all: number | null; readonly studies: number };
    /** Percent of the intervals given that hold, each by itself. */
    readonly each: number;
    /** By variant: true change (points), bias of the estimate, coverage of the effect's own interval in percent. */
    readonly variants: Readonly<Record<string, { change: number; bias: number; effect: number }>>;
    /** Percent of the studies that show a change of the redrawn variant, which has none. */
    readonly typeI: number;
  }[];
}

export function sensitivityValidity(base: Design, replicates: number): SensitivitySummary {
  const names = Object.keys(VARIED);
  const world = makeWorld(base);
  const worlds = names.map((name) => makeWorld({ ...base, ...VARIED[name].change }));
  const truths = new Map<string, number[]>();
  const stated = new Map<string, (readonly [number, number | null, number | null])[]>();
  const add = <T>(map: Map<string, T[]>, key: string, value: T) =>
    map.set(key, [...(map.get(key) ?? []), value]);
  const effectOf = ({ judgments, truth }: Replicate, id: string) => {
    const { from, to } = EFFECTS.find((e) => e.id === id)!;
    return mean(judgments.classes.map((_, c) => truth.get(from)![c] - truth.get(to)![c]));
  };
  for (let r = 0; r < replicates; r++) {
    const asRun = judge(world, drawStudy(world, r));
    const varied = worlds.map((w, i) => judge(w, drawStudy(w, r, VARIED[names[i]].again)));
    const found = sensitivity(
      {
        encoder: "model",
        backgrounds: [],
        asRun: asRun.judgments,
        varied: names.map((variant, i) => ({
          variant,
          does: "",
          masks: null,
          judgments: varied[i].judgments,
        })),
        refused: [],
        answer: "undecided",
      },
      world.groups,
      0.02,
    );
    for (const effect of SENSITIVE_EFFECTS)
      names.forEach((name, i) => {
        const now = effectOf(varied[i], effect);
        add(truths, `effect ${effect} ${name}`, now);
        add(truths, `change ${effect} ${name}`, now - effectOf(asRun, effect));
        const own = numberOf(found, name, effect)!;
        const change = numberOf(found, name, effect, "sensitivity-change")!;
        add(stated, `effect ${effect} ${name}`, [own.estimate!, own.low, own.high]);
        add(stated, `change ${effect} ${name}`, [change.estimate!, change.low, change.high]);
      });
  }
  const holds = (key: string, r: number) => {
    const [, low, high] = stated.get(key)![r];
    const truth = mean(truths.get(key)!);
    return low === null || high === null || (low <= truth && truth <= high);
  };
  const isGiven = (key: string, r: number) => stated.get(key)![r][1] !== null;
  const studies = Array.from({ length: replicates }, (_, r) => r);
  const percent = (test: (r: number) => boolean, of: readonly number[] = studies) =>
    100 * mean(of.map((r) => (test(r) ? 1 : 0)));
  return {
    name: base.name,
    replicates,
    rows: SENSITIVE_EFFECTS.map((effect) => {
      const keys = names.map((name) => `change ${effect} ${name}`);
      const all = (r: number) => keys.every((key) => holds(key, r));
      const whole = studies.filter((r) => keys.every((key) => isGiven(key, r)));
      const given = keys.flatMap((key) => studies.filter((r) => isGiven(key, r)).map((r) => holds(key, r)));
      return {
        effect,
        all: percent(all),
        given: mean(keys.map((key) => percent((r) => isGiven(key, r)))),
        whole: { all: whole.length === 0 ? null : percent(all, whole), studies: whole.length },
        each: 100 * mean(given.map(Number)),
        typeI: percent((r) => {
          const [, low, high] = stated.get(`change ${effect} redrawn`)![r];
          return low !== null && high !== null && (low > 0 || high < 0);
        }),
        variants: Object.fromEntries(
          names.map((name) => {
            const key = `change ${effect} ${name}`;
            const change = mean(truths.get(key)!);
            return [
              name,
              {
                change: 100 * change,
                bias: 100 * (mean(stated.get(key)!.map(([estimate]) => estimate)) - change),
                effect: percent((r) => holds(`effect ${effect} ${name}`, r)),
              },
            ];
          }),
        ),
      };
    }),
  };
}
