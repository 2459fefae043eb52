import type { Groups } from "../../core/groups.ts";
import type { Badge } from "../../evidence/answer.ts";
import { AS_RUN, type Sensitivity, sensitivity } from "../../evidence/sensitivity.ts";
import { table } from "../../files/table.ts";
import type { Column, Table } from "../../types.ts";
import { type Judged, judgmentsOf } from "../judge.ts";
import { type EffectRow, effectsTable } from "../tables.ts";
import type { SensitivityOutcomes } from "./run.ts";

/**
 * Everything that is stated of a study's sensitivity, encoder by encoder.
 * @param answers of the study on all of its backgrounds, by encoder
 * @param zone half width of the zone of equivalence, a share
 */
export function sensitivityStatements(
  { asRun, backgrounds, outcomes, refused }: SensitivityOutcomes,
  judged: Judged & { readonly groups: Groups },
  answers: ReadonlyMap<string, Badge>,
  zone: number,
): Sensitivity[] {
  return asRun.map(({ encoder, results }) =>
    sensitivity(
      {
        encoder,
        backgrounds,
        asRun: judgmentsOf(judged, results),
        varied: outcomes.flatMap(({ variant, masks, outputs }) => {
          const own = outputs.find((o) => o.encoder === encoder);
          if (own === undefined) return [];
          const { name, does } = variant;
          return [{ variant: name, does, masks, judgments: judgmentsOf(judged, own.results) }];
        }),
        refused: refused
          .filter((r) => r.encoder === null || r.encoder === encoder)
          .map(({ variant, why }) => ({ variant, why })),
        answer: answers.get(encoder) ?? "undecided",
      },
      judged.groups,
      zone,
    ),
  );
}

/** A number's variant and what it is of; `change/` before an effect: variant minus as run. */
function named(statement: string): { variant: string; of: string } {
  const [what, variant, of] = statement.split("/");
  return { variant, of: what === "sensitivity" ? of : `change/${of}` };
}

/** `results/sensitivity`: a row per encoder, variant and statement, as `results/effects` has them. */
export function sensitivityTable(found: readonly Sensitivity[]): Table {
  const rows = found.flatMap((s) =>
    s.numbers.map((n) => {
      const { variant, of } = named(n.statement);
      const about = s.variants.find((v) => v.variant === variant);
      const row: EffectRow = {
        ...n,
        encoder: s.encoder,
        statement: of,
        estimate: n.estimate ?? Number.NaN,
        ...(n.refused === null ? { refused: undefined } : { refused: n.refused }),
      } as EffectRow;
      return {
        row,
        variant,
        answer: variant === AS_RUN ? s.badge : about!.badge,
        atOnce: variant === AS_RUN ? s.badge : about!.badgeAtOnce,
        iou: about?.masks?.iou ?? Number.NaN,
      };
    }),
  );
  const { columns } = effectsTable(rows.map((r) => r.row));
  const [encoder, ...rest] = columns;
  return table(
    new Map<string, Column>([
      encoder,
      ["variant", rows.map((r) => r.variant)],
      ["answer", rows.map((r) => r.answer)],
      ["answer_at_once", rows.map((r) => r.atOnce)],
      ["mask_iou", Float64Array.from(rows, (r) => r.iou)],
      ...rest.filter(([name]) => name !== "class" && name !== "q"),
    ]),
  );
}
