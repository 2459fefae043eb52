import type { Dataset, Entity, File, Group } from "h5wasm/node";
import { closeQuietly, damaged, openHdf5 } from "../../cells/readers/hdf5.ts";
import { openTable } from "../../cells/readers/hdf5-table.ts";
import { DataError, isCellswapError } from "../../errors.ts";
import { batchOf, checkShape, type FeatureFile, IDENTITY, type Identity } from "./file.ts";

/** Opens an .h5ad whose X is dense, float32 or float64 (cells x features). Columns of obs say which composite a row is of. */
export async function openH5ad(path: string): Promise<FeatureFile> {
  const { file, bytes } = await openHdf5(path);
  try {
    const x = file.keys().includes("X") ? file.get("X") : null;
    if (x !== null && !("slice" in x))
      throw new DataError(
        "has a sparse X, and features are dense; write it with adata.X = adata.X.toarray() before write_h5ad",
        { path },
      );
    const table = x === null ? null : openTable(file, "X", bytes, path);
    const { metadata } = (x ?? {}) as Partial<Dataset>;
    if (table === null || metadata === undefined)
      throw new DataError("has no X; put the features there (AnnData(X=features, obs=plan))", { path });
    if (metadata.type !== 1 || metadata.size < 4)
      throw new DataError(
        "has an X that is not float32 or float64; write it with adata.X = adata.X.astype('float32')",
        { path },
      );
    const { rows, columns: dimension } = table;
    checkShape(path, rows, dimension);
    const identity = readIdentity(file, rows, path);
    return {
      path,
      rows,
      dimension,
      identity,
      batch: Math.max(1, Math.min(table.batch, batchOf(dimension))),
      read: async (from, to, out) => out.set(table.read(from, to) as ArrayLike<number>),
      close: () => closeQuietly(file),
    };
  } catch (error) {
    closeQuietly(file);
    throw isCellswapError(error) ? error : damaged(path, error);
  }
}

function readIdentity(file: File, rows: number, path: string): Map<Identity, (string | null)[]> {
  const identity = new Map<Identity, (string | null)[]>();
  const obs = file.keys().includes("obs") ? file.get("obs") : null;
  if (!isGroup(obs)) return identity;
  const names = obs.keys();
  for (const [what, known] of Object.entries(IDENTITY)) {
    const name = known.find((n) => names.includes(n));
    if (name === undefined) continue;
    const values = textColumn(obs.get(name));
    if (values?.length !== rows)
      throw new DataError(
        `has a column ${name} in obs that is no text for ${rows} rows; write it as str (obs.${name}.astype(str))`,
        { path },
      );
    identity.set(what as Identity, values);
  }
  return identity;
}

/** Text, also as a categorical or with gaps; null for anything else. */
function textColumn(column: Entity | null): (string | null)[] | null {
  if (column === null) return null;
  if (!isGroup(column)) return "value" in column ? texts(column as Dataset) : null;
  const has = column.keys();
  const part = (name: string) => (has.includes(name) ? (column.get(name) as Dataset) : null);
  const [codes, categories] = [part("codes"), part("categories")];
  if (codes !== null && categories !== null) {
    const names = texts(categories);
    return names === null ? null : Array.from(codes.value as Int8Array, (c) => names[c] ?? null);
  }
  const [values, mask] = [part("values"), part("mask")];
  if (values === null || mask === null) return null;
  const gaps = Array.from(mask.value as unknown as ArrayLike<number | boolean>, Boolean);
  return texts(values)?.map((v, i) => (gaps[i] ? null : v)) ?? null;
}

/** An empty text stands for none, as AnnData keeps no gaps in plain text. */
function texts({ value }: Dataset): (string | null)[] | null {
  if (!Array.isArray(value) || !value.every((v) => typeof v === "string")) return null;
  return (value as string[]).map((v) => (v === "" ? null : v));
}

function isGroup(entity: Entity | null): entity is Group {
  return entity !== null && "keys" in entity;
}
