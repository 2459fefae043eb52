import { loadHdf5 } from "../../cells/readers/hdf5-library.ts";
import { serve } from "../../files/worker.ts";
import type { KerasTask } from "./keras.ts";
import { readKeras } from "./keras-read.ts";

serve(() => async ({ path, values }: KerasTask) => {
  const { h5 } = await loadHdf5();
  return readKeras(h5, path, values);
});
