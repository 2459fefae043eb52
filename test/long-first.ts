import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, the longest first. */
const LONG = [
  "test/faults/faults.test.ts",
  "test/cluster/slurm.test.ts",
  "test/commands/demo.test.ts",
  "test/web/",
  "test/study/resume.test.ts",
  "test/study/cost/plan-work.test.ts",
  "test/study/stages.test.ts",
  "test/study/remedies/run.test.ts",
  "test/study/damage.test.ts",
  "test/workflows/",
  "test/study/sensitivity/run.test.ts",
  "test/study/anndata.test.ts",
  "test/study/shards/remote-shards.test.ts",
  "test/cells/remote/kills.test.ts",
  "test/cells/zarr/zarr.test.ts",
  "test/encode/command/run.test.ts",
  "test/cells/shards/drawn.test.ts",
  "test/cells/shards/cases.test.ts",
  "test/fuzz.test.ts",
  "test/files/lock.test.ts",
];

/** Starts what takes longest first, so that in the end no core waits for one file; the others go as ever. */
export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((name) => moduleId.includes(name));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
