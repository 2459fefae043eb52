import { basename } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { readCsvFile } from "../../files/csv.ts";
import type { MaskKind } from "../../types.ts";
import type { CellSource } from "../importer.ts";
import { cellMetadata, type TableOptions } from "../metadata/cells.ts";
import { csvOptions } from "../metadata/join.ts";
import { openNpyArray } from "../readers/npy-array.ts";
import { checkChannels, checkMasks, guessAxes, layoutOf, stackSource } from "./stack.ts";

export interface NpyOptions extends TableOptions {
  /** CSV with one row per crop, in their order. */
  readonly manifest: string;
  /** .npy with a mask per crop. */
  readonly maskFile?: string | undefined;
  /** Order of the axes, `NCHW` or `NHWC`; found out from the lengths by default. */
  readonly axes?: string | undefined;
  /** Names of the channels in order. */
  readonly channels?: readonly string[] | undefined;
  /** What the masks know, where it is not to be found out from the labels. */
  readonly masks?: MaskKind | undefined;
}

/**
 * Plans the import of crops in one NumPy array: N x C x H x W, N x H x W x C or N x H x W, any type of numbers, with a
 * CSV whose rows say who the crops are (the columns of a manifest, in the order of the crops) and, where there are
 * masks, an array of N x H x W labels. Pixels are read a batch of crops at a time.
 * @throws DataError where files are missing, damaged or do not fit together; StudyError for options that do not fit.
 */
export function npySource(path: string, options: NpyOptions): CellSource {
  const crops = openNpyArray(path);
  const opened = [crops];
  const close = () => {
    for (const array of opened) array.close();
  };
  try {
    const axes = options.axes ?? guessAxes(crops.shape, options.channels?.length ?? null, path);
    const layout = layoutOf(axes, crops.shape, path);
    const channels = checkChannels(options.channels, layout.planes, path);
    const masks =
      options.maskFile === undefined || options.masks === "none" ? null : openNpyArray(options.maskFile);
    if (masks !== null) opened.push(masks);
    else if (options.masks !== undefined && options.masks !== "none")
      throw new StudyError(`--masks ${options.masks} needs the masks: --mask-file masks.npy`);
    const maskLayout =
      masks === null ? null : layoutOf(guessAxes(masks.shape, 1, masks.path), masks.shape, masks.path);
    if (masks !== null && maskLayout !== null) checkMasks(masks, maskLayout, crops, layout);
    const csv = readCsvFile(options.manifest);
    const count = crops.shape[0];
    const rows = csv.lines.length;
    if (rows !== count)
      throw new DataError(
        `has ${rows} row${rows === 1 ? "" : "s"} for the ${count} crops of ${path}; one row per crop is needed, in their order`,
        {
          path: options.manifest,
        },
      );
    if (count === 0) throw new DataError("holds no crops", { path });
    const stem = basename(path).replace(/\.npy$/i, "");
    const metadata = cellMetadata(csv.columns, {
      path: options.manifest,
      count,
      ids: (row) => `${stem}_${row}`,
      ...csvOptions(csv, options),
    });
    return stackSource(
      { source: "npy", path, channels, close },
      {
        crops,
        layout,
        masks: masks === null || maskLayout === null ? null : { array: masks, layout: maskLayout },
        kind: options.masks,
      },
      metadata,
    );
  } catch (error) {
    close();
    throw error;
  }
}
