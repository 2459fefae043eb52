import { closeSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { openNpy, readNpy } from "../../files/npy.ts";
import { decodeNumbers, numberType } from "../../files/numbers.ts";
import { batchRows, type RowArray } from "./row-array.ts";

/**
 * Opens a NumPy .npy file of numbers to be read by rows.
 * @throws DataError where it is none, is truncated, or holds something else than numbers in C order.
 */
export function openNpyArray(path: string): RowArray {
  const { file, header } = openNpy(path);
  try {
    const { descr, fortran, shape, start, size } = header;
    const type = numberType(descr);
    if (type === null)
      throw new DataError(`holds ${descr}, which is no array of numbers; save one array of numbers`, {
        path,
      });
    if (fortran && shape.length > 1)
      throw new DataError("is in Fortran order; save numpy.ascontiguousarray(...) of it", { path });
    const rowBytes = shape.slice(1).reduce((a, b) => a * b, type.bytes);
    const needed = start + rowBytes * (shape[0] ?? 1);
    if (size < needed)
      throw new DataError(`is truncated (${size} bytes, ${needed} expected); make it again`, { path });
    if (size > needed)
      throw new DataError(
        `has ${size - needed} bytes behind its ${shape.join(" x ") || "one"} numbers; save one array per file, or write it again`,
        { path },
      );
    let bytes = new Uint8Array(0);
    return {
      path,
      shape,
      type,
      batch: batchRows(rowBytes),
      read: (from, count, out) => {
        if (bytes.length < rowBytes * count) bytes = new Uint8Array(rowBytes * count);
        const part = bytes.subarray(0, rowBytes * count);
        readNpy(file, part, start + from * rowBytes, path);
        decodeNumbers(part, type, out);
      },
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
