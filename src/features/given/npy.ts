import { decodeFloat16 } from "../../core/float16.ts";
import { DataError } from "../../errors.ts";
import { NpyReader } from "../../files/npy.ts";
import { batchOf, checkShape, type FeatureFile } from "./file.ts";

/** Opens a .npy of rows x features (float16, float32 or float64). */
export function openNpy(path: string): FeatureFile {
  const array = new NpyReader(path);
  const { shape, type } = array;
  const fail = (what: string): never => {
    array.close();
    throw new DataError(what, { path });
  };
  if (shape.length !== 2)
    fail(
      `is ${shape.length === 0 ? "a single value" : shape.join(" x ")}; features are rows x features, one vector per row of the plan${shape.length > 2 ? ": take the class token or a mean over tokens or pixels first" : ""}`,
    );
  if (type !== "float32" && type !== "float64" && type !== "float16")
    fail(`holds ${type}; features are float32, float16 or float64 (astype)`);
  const [rows, dimension] = shape;
  try {
    checkShape(path, rows, dimension);
  } catch (error) {
    array.close();
    throw error;
  }
  return {
    path,
    rows,
    dimension,
    identity: new Map(),
    batch: batchOf(dimension),
    async read(from, to, out) {
      const values = (to - from) * dimension;
      if (type === "float32") return array.read(from, to - from, out);
      if (type === "float16") {
        const bits = new Uint16Array(values);
        array.read(from, to - from, bits);
        decodeFloat16(bits, out);
        return;
      }
      const wide = new Float64Array(values);
      array.read(from, to - from, wide);
      out.set(wide);
    },
    close: () => array.close(),
  };
}
