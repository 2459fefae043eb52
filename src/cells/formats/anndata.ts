import type { File } from "h5wasm/node";
import { DataError, isCellswapError, StudyError } from "../../errors.ts";
import type { MaskKind } from "../../types.ts";
import type { CellSource } from "../importer.ts";
import { cellMetadata, type TableOptions } from "../metadata/cells.ts";
import { readAnnTable } from "../readers/anndata-table.ts";
import { closeQuietly, damaged, findEntity, isDataset, isGroup, openHdf5 } from "../readers/hdf5.ts";
import { openHdf5Array } from "../readers/hdf5-array.ts";
import type { RowArray } from "../readers/row-array.ts";
import { checkChannels, checkMasks, guessAxes, layoutOf, stackSource } from "./stack.ts";

export interface AnnDataOptions extends TableOptions {
  /** Where the crops are: `obsm/KEY`, `layers/KEY` or `X`; by default the one array of obsm with three or four axes. */
  readonly crops?: string | undefined;
  /** Where the masks are: `obsm/KEY` or `layers/KEY`. */
  readonly masksAt?: string | undefined;
  /** Lengths of the axes behind the cells, where crops are stored as rows of numbers. */
  readonly shape?: readonly number[] | undefined;
  /** Order of the axes, `NCHW` or `NHWC`; found out from the lengths by default. */
  readonly axes?: string | undefined;
  /** Names of the channels in order. */
  readonly channels?: readonly string[] | undefined;
  /** What the masks know, where it is not to be found out from the labels. */
  readonly masks?: MaskKind | undefined;
}

/**
 * Plans the import of crops that stand in an AnnData file (.h5ad): an array of cells x channels x height x width (or in
 * another order of axes, or as rows of numbers with `shape`) in obsm, layers or X, masks likewise; obs says who the cells
 * are, by the columns of a manifest, and its index gives the ids. Pixels are read a batch of cells at a time.
 * @throws DataError where it is no such file or its parts do not fit together; StudyError for options that do not fit it.
 */
export async function anndataSource(path: string, options: AnnDataOptions = {}): Promise<CellSource> {
  const { file, bytes } = await openHdf5(path);
  try {
    const open = (place: string) => openPlace(file, place, bytes, path);
    const stored = await open(options.crops ?? findCrops(file, path));
    const crops = shaped(stored, options.shape);
    const axes = options.axes ?? guessAxes(crops.shape, options.channels?.length ?? null, crops.path);
    const layout = layoutOf(axes, crops.shape, crops.path);
    const channels = checkChannels(options.channels, layout.planes, path);
    const count = crops.shape[0];
    if (count === 0) throw new DataError("holds no cells", { path });
    const masks =
      options.masksAt === undefined || options.masks === "none" ? null : await maskArray(open, options);
    if (masks === null && options.masks !== undefined && options.masks !== "none")
      throw new StudyError(
        `${path}: --masks ${options.masks} needs the place of the masks: --mask-array obsm/KEY`,
      );
    const maskLayout =
      masks === null ? null : layoutOf(guessAxes(masks.shape, 1, masks.path), masks.shape, masks.path);
    if (masks !== null && maskLayout !== null) checkMasks(masks, maskLayout, crops, layout);
    const obs = readAnnTable({ file, bytes, path }, "obs");
    if (obs.rows !== count)
      throw new DataError(`obs has ${obs.rows} rows for ${count} crops; write the file again`, { path });
    const metadata = cellMetadata(obs.columns, {
      path,
      count,
      ids: (row) => obs.index?.[row] ?? String(row),
      row: (row) => `row ${row} of obs`,
      missing: options.missing,
      separator: options.separator,
    });
    return stackSource(
      { source: "anndata", path, channels, close: () => closeQuietly(file) },
      {
        crops,
        layout,
        masks: masks === null || maskLayout === null ? null : { array: masks, layout: maskLayout },
        kind: options.masks,
      },
      metadata,
    );
  } catch (error) {
    closeQuietly(file);
    throw isCellswapError(error) ? error : damaged(path, error);
  }
}

async function maskArray(open: (place: string) => Promise<RowArray>, { masksAt, shape }: AnnDataOptions) {
  const array = await open(masksAt as string);
  // Rows of numbers have the crops' height and width, whatever their channels are.
  const sides = array.shape.length === 2 && shape !== undefined ? shape.slice(-2) : undefined;
  return shaped(array, sides);
}

async function openPlace(file: File, place: string, bytes: number, path: string): Promise<RowArray> {
  const [slot, ...rest] = place.split("/");
  if (!["X", "obsm", "layers"].includes(slot) || (slot === "X") !== (rest.length === 0))
    throw new StudyError(`${place} is no place of an AnnData file; write obsm/KEY, layers/KEY or X`);
  const set = findEntity(file, slot, ...(rest.length === 0 ? [] : [rest.join("/")]));
  if (isGroup(set))
    throw new DataError(`${place} is sparse or a table; crops stand in a dense array`, { path });
  if (!isDataset(set))
    throw new DataError(`has no ${place}; it has ${places(file).join(", ") || "no arrays"}`, { path });
  return openHdf5Array(set, place, bytes, path);
}

/** Arrays in obsm, layers and X with their shapes. */
function arrays(file: File): { place: string; shape: readonly number[] }[] {
  const found = ["obsm", "layers"].flatMap((slot) => {
    const group = findEntity(file, slot);
    return isGroup(group) ? group.keys().map((key) => [slot, key]) : [];
  });
  return [...found, ["X"]].flatMap((way) => {
    const set = findEntity(file, ...way);
    return isDataset(set) ? [{ place: way.join("/"), shape: set.metadata.shape ?? [] }] : [];
  });
}

const places = (file: File) => arrays(file).map(({ place, shape }) => `${place} (${shape.join(" x ")})`);

function findCrops(file: File, path: string): string {
  const all = arrays(file).filter(({ shape }) => shape.length === 4);
  if (all.length === 1) return all[0].place;
  throw new StudyError(
    `${path}: say which array holds the crops: --crops obsm/KEY (it has ${places(file).join(", ") || "no arrays"}${all.length === 0 ? "; rows of numbers need --shape as well" : ""})`,
  );
}

/** Rows of numbers as crops of the given shape. */
function shaped(array: RowArray, shape: readonly number[] | undefined): RowArray {
  if (shape === undefined) return array;
  const given = array.shape.slice(1).reduce((a, b) => a * b, 1);
  const wanted = shape.reduce((a, b) => a * b, 1);
  if (given !== wanted)
    throw new DataError(
      `has ${given} numbers per cell, --shape ${shape.join(",")} are ${wanted}; give the lengths of its axes`,
      {
        path: array.path,
      },
    );
  return { ...array, shape: [array.shape[0], ...shape] };
}
