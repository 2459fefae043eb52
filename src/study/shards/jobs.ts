import { relative } from "node:path";
import type { Groups } from "../../core/groups.ts";
import { type Block, listBlocks, type PlanIndex } from "../block.ts";
import type { Evaluation } from "../blocks.ts";
import { curveParts } from "../curve.ts";
import type { StudyLayout } from "../layout.ts";
import { chosenEvaluation, type StudyOutput } from "../outputs.ts";
import type { FittedStudy } from "../schema.ts";
import type { Selection } from "../select.ts";

/** One block of one output, of the study or of its learning curve. */
export interface ProbeJob {
  readonly set: StudyOutput["set"];
  readonly block: Block;
  readonly evaluation: Omit<Evaluation, "sets" | "blocks" | "grid">;
  /** Where it is kept, from the study folder with `/`. */
  readonly file: string;
}

/** What the probes of a study are fitted on. */
export interface ProbeStudy {
  readonly study: FittedStudy;
  readonly selection: Selection;
  readonly groups: Groups;
  readonly index: PlanIndex;
  readonly layout: StudyLayout;
  readonly outputs: readonly StudyOutput[];
}

/** All blocks of probes of a study, in the order in which a run makes them. */
export function probeJobs(studied: ProbeStudy): ProbeJob[] {
  const { study, selection, groups, index, layout, outputs } = studied;
  const blocks = listBlocks(study.settings, study.backgrounds ?? selection.classes);
  const whole = { ...chosenEvaluation(studied), layout, index, blocks };
  const parts = [
    whole,
    ...curveParts(whole, study, groups).flatMap(({ part }) => (part === null ? [] : [{ ...whole, ...part }])),
  ];
  return parts.flatMap(({ blocks: own, ...evaluation }) =>
    outputs.flatMap(({ set }) =>
      own.map((block) => ({
        set,
        block,
        evaluation,
        file: relative(layout.path, evaluation.layout.block(set.name, block)).replaceAll("\\", "/"),
      })),
    ),
  );
}
