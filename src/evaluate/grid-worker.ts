import { serve } from "../files/worker.ts";
import { crossValidatePair } from "./crossvalidate.ts";
import type { GridTask } from "./grid.ts";

serve(
  () =>
    ({ a, b, dimension, splits, names }: GridTask) =>
      crossValidatePair(a, b, dimension, splits, names),
);
