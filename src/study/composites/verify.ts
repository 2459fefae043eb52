import { join } from "node:path";
import { type CheckOptions, sizeOf } from "../../cells/checked.ts";
import { faultOf, type Verification, type VerifiedFile } from "../../cells/verify.ts";
import { DataError } from "../../errors.ts";
import { fileOf } from "../../files/replace.ts";
import { hashFile } from "../../files/state.ts";
import { EXPORT_RECORD, type ExportRecord, readExport } from "./record.ts";

const REMEDY = "export the composites again (`cellswap export composites`)";

/**
 * Reads every file of exported composites and holds it to its hash. Nothing is changed.
 * @throws InterruptedError after `signal`; what is wrong with a file is told of it
 */
export async function verifyExport(path: string, options: CheckOptions = {}): Promise<Verification> {
  const kind = "composites";
  const recordFile = join(path, EXPORT_RECORD);
  const file = (of: string, fault: string | null): VerifiedFile => ({ path: of, bytes: sizeOf(of), fault });
  let record: ExportRecord;
  try {
    record = readExport(path) as ExportRecord;
  } catch (error) {
    return { path, kind, files: [file(recordFile, faultOf(error, recordFile))] };
  }
  const places = Object.entries(record.hashes).map(([name, sha256]) => ({
    of: placeOf(path, record, name),
    sha256,
  }));
  const total = places.reduce((sum, { of }) => sum + sizeOf(of), 0);
  let done = 0;
  const onBytes = (bytes: number) => options.onProgress?.((done += bytes), total);
  const files = [file(recordFile, null)];
  for (const { of, sha256 } of places)
    try {
      const found = await hashFile(of, { onBytes, signal: options.signal });
      files.push(file(of, found.sha256 === sha256 ? null : `is damaged or was changed; ${REMEDY}`));
    } catch (error) {
      files.push(file(of, faultOf(error instanceof DataError ? withRemedy(error, of) : error, of)));
    }
  return { path, kind, files };
}

/** Where a file of an export is, that of a Zarr array as well, which is replaced as a whole. */
function placeOf(path: string, record: ExportRecord, name: string): string {
  const [first, ...rest] = name.split("/");
  return join(fileOf(path, record, first, EXPORT_RECORD), ...rest);
}

function withRemedy({ reason }: DataError, path: string): DataError {
  return new DataError(reason.includes("; ") ? reason : `${reason}; ${REMEDY}`, { path });
}
