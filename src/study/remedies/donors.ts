import type { DonorCurve } from "../../remedy/donor-curve.ts";
import { enoughDonors } from "../../remedy/enough-donors.ts";
import { encoderName } from "../encoders.ts";
import type { Judged } from "../judge.ts";
import type { StudiedOutput } from "../results.ts";
import type { FittedStudy } from "../schema.ts";

/** What the number of donors is chosen by: the study's own features of cells on cell-free backgrounds. */
interface Asked extends Judged {
  readonly study: Pick<FittedStudy, "backgrounds">;
  readonly outputs: readonly StudiedOutput[];
  readonly pixels: { readonly store: { readonly cells: { readonly field: readonly string[] } } };
}

/**
 * How many donors the outputs `names` are recomposed onto. A cell of the study has a donor of every background class in
 * `cell-free`. Outputs of one encoder see the same composites, so that all of them get what one of them needs most.
 */
export function donorsFor(asked: Asked, names: readonly string[]): Map<string, DonorCurve> {
  const { outputs } = asked;
  const curves = new Map(
    outputs
      .filter(({ set }) => names.includes(set.name))
      .map((output) => [output, curveOf(asked, output)] as const),
  );
  return new Map(
    [...curves].map(([{ encoder, set }, curve]) => {
      const own = [...curves].filter(([o]) => encoderName(o.encoder) === encoderName(encoder));
      return [set.name, { ...curve, donors: Math.max(...own.map(([, c]) => c.donors)) }];
    }),
  );
}

function curveOf({ study, selection, plan, index, pixels }: Asked, { set }: StudiedOutput): DonorCurve {
  const { classes, rows } = selection;
  return enoughDonors({
    set,
    rows: classes.map((name, c) =>
      (study.backgrounds ?? classes).flatMap((background) => {
        const found = index.rows({ setting: "cell-free", background }, name, rows[c]);
        return found === null ? [] : [found];
      }),
    ),
    field: (row) => pixels.store.cells.field[plan.cell[row]],
  });
}
