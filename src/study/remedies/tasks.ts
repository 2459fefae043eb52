import { changedBy, type Remedy } from "../../remedy/name.ts";
import type { StudyEncoder } from "../encoders.ts";
import type { PartRequest } from "../part.ts";
import type { RemedyRefused } from "./outcome.ts";
import { twinsOf } from "./twins.ts";

/** One remedy of all the outputs that it is of. */
export interface Task {
  readonly remedy: Remedy;
  /** Outputs that are remedied, and the outputs `of` which the features are: the same, or their twins. */
  readonly pairs: readonly { readonly encoder: string; readonly of: string }[];
  /** Donors to recompose onto where the remedy names no number. */
  readonly donors?: number;
}

/** Outputs of a study, and those of its encoders that can be run. */
export type RemediedOutputs = Pick<PartRequest, "targets"> & {
  readonly outputs: readonly { readonly encoder: StudyEncoder; readonly set: { readonly name: string } }[];
};

/** Which outputs each remedy is of. Twins are remedied for the sake of the encoder that they are twins of. */
export function tasksOf({ outputs, targets }: RemediedOutputs, remedies: readonly Remedy[]) {
  const refused: RemedyRefused[] = [];
  const twins = twinsOf(outputs);
  const isTwin = new Set(twins.values());
  const bases = outputs.filter(({ set }) => !isTwin.has(set.name)).map(({ set }) => set.name);
  const runnable = new Set(targets.flatMap(({ names }) => names));
  const tasks = remedies.map((remedy): Task => {
    const pairs = bases.flatMap((encoder) => {
      const of = remedy.retrained ? twins.get(encoder) : encoder;
      const why =
        of === undefined
          ? 'it has no retrained twin in the study, or the twin no output like it; name the twin as "retrained" in its description, and list both encoders'
          : ["crops", "network"].includes(changedBy(remedy) ?? "") && !runnable.has(of)
            ? "its features were made elsewhere, so that it cannot be run"
            : null;
      if (why === null) return [{ encoder, of: of! }];
      refused.push({ encoder, remedy: remedy.name, why });
      return [];
    });
    return { remedy, pairs };
  });
  return { bases, tasks: tasks.filter(({ pairs }) => pairs.length > 0), refused };
}

/** Name of a remedied output, in results and folders: the output's, or its twin's, and the remedy. */
export function nameOf(name: string, { kind, value }: Remedy): string {
  return `${name}+${value === null ? kind : `${kind}-${value}`}`;
}
