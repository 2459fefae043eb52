import { closeSync } from "node:fs";
import { CROP_BYTES, CROP_TYPES, type CropType } from "../cells/crop-type.ts";
import { DataError } from "../errors.ts";
import type { ViewEncoder } from "../explore/format.ts";
import { sha256 } from "../files/hash.ts";
import { npyDescr, npyHeader, openNpy, readNpy } from "../files/npy.ts";
import { checkUnchanged } from "../files/state.ts";
import { type Entry, encodePath, type FileEntry } from "./entries.ts";
import type { OpenedStudy } from "./study.ts";

/** Bytes of crops in a file: hosts that know no ranges send files whole. */
const PART_BYTES = 1 << 22;

/**
 * A study whose files need no server: crops and masks in files of a few of them, and no encoders that a page does not
 * run, or that are not to be given on.
 * @param networks whether networks that a page runs are among the files
 */
export function withoutServer(study: OpenedStudy, networks: boolean, partBytes = PART_BYTES): OpenedStudy {
  const entries = new Map(study.entries);
  const encoders = study.about.encoders.map((encoder): ViewEncoder => {
    const why = whyNot(encoder, networks, study.encoders.get(encoder.name)?.file.description.license);
    return why === null ? encoder : { ...encoder, runs: { where: "none", why } };
  });
  for (const { description, runs } of encoders)
    if (description !== null && runs.where === "none")
      for (const name of [description, description.replace(/\.json$/, ".onnx")])
        entries.delete(encodePath(name));
  const { crops } = study.about;
  const pixels = crops.height * crops.width;
  const part = Math.max(1, Math.floor(partBytes / (4 * crops.channels.length * pixels)));
  const about = { ...study.about, encoders, crops: { ...crops, part } };
  entries.set("study.json", { text: JSON.stringify(about) });
  const arrays = [
    ["crops", [crops.channels.length, crops.height, crops.width]],
    ["masks", [crops.height, crops.width]],
  ] as const;
  for (const [name, shape] of arrays) {
    const whole = entries.get(`${name}.npy`);
    if (whole === undefined || !("path" in whole)) continue;
    entries.delete(`${name}.npy`);
    for (let from = 0, n = 0; from < crops.count; from += part, n++) {
      const count = Math.min(part, crops.count - from);
      entries.set(
        `${name}/${String(n).padStart(4, "0")}.npy`,
        rowsOf(whole, typeOfNpy(whole.path), shape, { from, count }),
      );
    }
  }
  return { ...study, about, entries };
}

/** Why an encoder makes no predictions without a server; null where it does. */
function whyNot(
  { runs: { where, why } }: ViewEncoder,
  networks: boolean,
  license: string | undefined,
): string | null {
  if (where === "none") return why ?? "";
  if (where === "server") return `${why ?? "the server runs it"}, and an export has no server`;
  if (!networks) return "its network was left out of the export";
  return license !== undefined && isClosed(license)
    ? `its license keeps its network out of the export (${license})`
    : null;
}

/** Whether the license of an encoder says that it is not to be given on. */
export function isClosed(license: string): boolean {
  return /\b(?:proprietary|confidential|unlicensed|all rights reserved)\b|\b(?:no|not for|without) (?:re)?distribution\b/i.test(
    license,
  );
}

/** Type of the values of crops or masks. */
function typeOfNpy(path: string): CropType {
  const { file, header } = openNpy(path);
  closeSync(file);
  const found = CROP_TYPES.find((type) => npyDescr(type) === header.descr);
  if (found === undefined) throw new DataError(`holds ${header.descr}, and no crops or masks`, { path });
  return found;
}

/** Rows of a .npy array as a file of their own. */
function rowsOf(
  { path, sha256: hash, state }: FileEntry,
  type: CropType,
  shape: readonly number[],
  { from, count }: { readonly from: number; readonly count: number },
): Entry {
  const size = CROP_BYTES[type] * shape.reduce((a, b) => a * b, 1);
  const head = npyHeader(type, [count, ...shape]);
  const bytes = () => {
    checkUnchanged({ [path]: state });
    const { file, header } = openNpy(path);
    try {
      if (header.size < header.start + (from + count) * size) throw new DataError("is too short", { path });
      const out = new Uint8Array(head.length + count * size);
      out.set(head);
      readNpy(file, out.subarray(head.length), header.start + from * size, path);
      checkUnchanged({ [path]: state });
      return out;
    } finally {
      closeSync(file);
    }
  };
  return { bytes, size: head.length + count * size, tag: sha256(`${hash} ${from} ${count}`) };
}
