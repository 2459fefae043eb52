import { openNpyArray } from "../../cells/readers/npy-array.ts";
import { DataError } from "../../errors.ts";
import { typeName } from "../../files/numbers.ts";
import { checkShape, type FeatureFile, isFloat } from "./file.ts";

/** Opens a .npy of rows x features: float16, float32 or float64, in either byte order. */
export function openNpy(path: string): FeatureFile {
  const array = openNpyArray(path);
  const { shape, type, batch } = array;
  try {
    if (shape.length !== 2)
      throw new DataError(
        `is ${shape.length === 0 ? "a single value" : shape.join(" x ")}; features are rows x features, one vector per row of the plan${shape.length > 2 ? ": take the class token or a mean over tokens or pixels first" : ""}`,
        { path },
      );
    if (!isFloat(type))
      throw new DataError(`holds ${typeName(type)}; features are float32, float16 or float64 (astype)`, {
        path,
      });
    const [rows, dimension] = shape;
    checkShape(path, rows, dimension);
    return {
      path,
      rows,
      dimension,
      identity: new Map(),
      batch,
      read: async (from, to, out) => array.read(from, to - from, out),
      close: () => array.close(),
    };
  } catch (error) {
    array.close();
    throw error;
  }
}
