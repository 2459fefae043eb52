import { encoderName } from "../encoders.ts";
import type { StudiedOutput } from "../results.ts";

/** What tells outputs of an encoder and of its twin apart. */
type Output = {
  readonly encoder: StudiedOutput["encoder"];
  readonly set: Pick<StudiedOutput["set"], "name">;
};

/**
 * Names of outputs and of those of the encoders that descriptions name as `retrained`. An output's twin is the one of
 * the same name in its network, wherever it stands; the one in the same place where no output has its name and the two
 * encoders have as many.
 */
export function twinsOf(outputs: readonly Output[]): Map<string, string> {
  const of = (name: string) => outputs.filter(({ encoder }) => encoderName(encoder) === name);
  return new Map(
    outputs.flatMap(({ encoder, set }): [string, string][] => {
      if (encoder.kind === "given" || encoder.description.retrained === undefined) return [];
      const own = of(encoderName(encoder));
      const others = of(encoder.description.retrained);
      const [names, known] = [own, others].map((list) => list.map(nameInNetwork));
      const place = own.findIndex((o) => o.set.name === set.name);
      // An encoder may pool one output of its network in several ways.
      const named = known[place] === names[place] ? place : known.indexOf(names[place]);
      const isOther = names.includes(known[place]) || own.length !== others.length;
      const twin = others[named >= 0 || isOther ? named : place];
      return twin === undefined ? [] : [[set.name, twin.set.name]];
    }),
  );
}

/** Name of an output or its layer in the network, null for features that were made elsewhere. */
function nameInNetwork({ encoder }: Output, place: number): string | null {
  if (encoder.kind === "given") return null;
  const { layer, output } = encoder.description.outputs[place];
  return layer ?? output;
}
