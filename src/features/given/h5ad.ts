import type { File } from "h5wasm/node";
import { readAnnTable } from "../../cells/readers/anndata-table.ts";
import { closeQuietly, damaged, findEntity, isDataset, openHdf5 } from "../../cells/readers/hdf5.ts";
import { openHdf5Array } from "../../cells/readers/hdf5-array.ts";
import { DataError, isCellswapError } from "../../errors.ts";
import { typeName } from "../../files/numbers.ts";
import { checkShape, type FeatureFile, IDENTITY, type Identity, isFloat } from "./file.ts";

/**
 * Opens an .h5ad whose X is dense (cells x features; float16, float32 or float64). Columns of obs say which composite a
 * row is of.
 */
export async function openH5ad(path: string): Promise<FeatureFile> {
  const { file, bytes } = await openHdf5(path);
  try {
    const x = findEntity(file, "X");
    if (x === null)
      throw new DataError("has no X; put the features there (AnnData(X=features, obs=plan))", { path });
    if (!isDataset(x))
      throw new DataError(
        "has a sparse X, and features are dense; write it with adata.X = adata.X.toarray() before write_h5ad",
        { path },
      );
    const array = await openHdf5Array(x, "X", bytes, path);
    if (array.shape.length !== 2 || !isFloat(array.type))
      throw new DataError(
        `has an X of ${typeName(array.type)}, ${array.shape.join(" x ")}; features are rows x features of float32, float16 or float64 (adata.X = adata.X.astype("float32"))`,
        { path },
      );
    const [rows, dimension] = array.shape;
    checkShape(path, rows, dimension);
    return {
      path,
      rows,
      dimension,
      identity: readIdentity(file, bytes, rows, path),
      batch: array.batch,
      read: async (from, to, out) => array.read(from, to - from, out),
      close: () => closeQuietly(file),
    };
  } catch (error) {
    closeQuietly(file);
    throw isCellswapError(error) ? error : damaged(path, error);
  }
}

function readIdentity(
  file: File,
  bytes: number,
  rows: number,
  path: string,
): Map<Identity, (string | null)[]> {
  const identity = new Map<Identity, (string | null)[]>();
  if (findEntity(file, "obs") === null) return identity;
  const wanted = new Set(Object.values(IDENTITY).flat());
  const { columns } = readAnnTable({ file, bytes, path }, "obs", wanted);
  for (const [what, known] of Object.entries(IDENTITY)) {
    const name = known.find((n) => columns.has(n));
    if (name === undefined) continue;
    const values = columns.get(name)!;
    if (values.length !== rows)
      throw new DataError(`has ${values.length} rows in obs for ${rows} in X; write it again`, { path });
    // AnnData keeps no gaps in plain text: an empty one stands for none.
    identity.set(
      what as Identity,
      values.map((v) => (v === "" ? null : v)),
    );
  }
  return identity;
}
