import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { joiner } from "../metadata/cells.ts";
import { compareNatural } from "../natural.ts";
import { isZarr } from "../readers/ome-zarr.ts";
import { cannotList } from "../tree.ts";
import type { FieldEntry, FieldList, Slice } from "./field.ts";
import { type FilePattern, nearestNames, parsePattern } from "./file-pattern.ts";

export interface PatternOptions {
  /** Names of the images, with `{Channel}` where every channel has a file of its own. */
  readonly pattern: string;
  /** Names of the label images of cells and of nuclei, with names of `pattern`. */
  readonly labelImages?: string | undefined;
  readonly nucleiImages?: string | undefined;
  /** Channels that are taken, in this order; all of them by default. Without `{Channel}` the names of the planes. */
  readonly channels?: readonly string[] | undefined;
  readonly slice?: Slice | null | undefined;
  readonly time?: number | null | undefined;
}

type Values = Readonly<Record<string, string>>;

/** Placeholders that do not tell fields apart. */
const WITHIN = ["Channel", "Z", "T"];

/**
 * Finds the fields of a folder by the names of their files, such as `{Plate}/{Well}_{Site}_{Channel}.tif`: what the names
 * say becomes metadata of the field (`Plate`, `Well`, `Site`, `Protein` as known, any other as `Metadata_NAME`); `{Z}` and
 * `{T}` choose files of one slice and time.
 * @throws DataError where nothing matches, a name can be read in two ways, or a field lacks a channel or its labels.
 */
export function patternFields(path: string, options: PatternOptions): FieldList {
  const pattern = parsePattern(options.pattern, "--pattern");
  const cells =
    options.labelImages === undefined ? null : parsePattern(options.labelImages, "--label-images");
  const nuclei =
    options.nucleiImages === undefined ? null : parsePattern(options.nucleiImages, "--nuclei-images");
  for (const labels of [cells, nuclei]) {
    const other = labels?.names.find((name) => !pattern.names.includes(name) || name === "Channel");
    if (labels !== null && other !== undefined)
      throw new StudyError(
        `${labels.option} ${labels.text} has {${other}}, which ${other === "Channel" ? "no label image has" : `the images' pattern ${pattern.text} has not`}; use its names, or * for what does not matter`,
      );
  }
  const patterns = [pattern, cells, nuclei].filter((p) => p !== null);
  const depth = Math.max(...patterns.map((p) => p.text.split("/").length));
  const files = listFiles(path, depth);
  const labelFiles = [cells, nuclei].map((p) =>
    p === null ? null : chooseStack(matches(p, files, path), options, p, path),
  );
  const taken = new Set(labelFiles.flatMap((found) => found?.map(({ file }) => file) ?? []));
  const images = chooseStack(
    matches(
      pattern,
      files.filter((file) => !taken.has(file)),
      path,
    ),
    options,
    pattern,
    path,
  );
  const fields = gather(images, pattern);
  const sign = joiner((field) => Object.values(fields[field].values), fields.length);
  const channels = pattern.names.includes("Channel")
    ? channelsOf(images, options.channels, pattern, path)
    : null;
  return {
    path,
    base: path,
    channels: channels ?? options.channels ?? null,
    nucleiOnly: cells === null && nuclei !== null,
    notes: [],
    fields: fields.map(({ values, files: own }): FieldEntry => {
      const labels = labelFiles.map((found, i) => {
        const p = [cells, nuclei][i];
        return found === null || p === null ? null : join(path, labelsOf(found, p, values, path));
      });
      return {
        name:
          Object.values(values).join(sign) ||
          own
            .values()
            .next()
            .value!.replace(/\.[^.]+$/, ""),
        files: (channels ?? [""]).map((channel) => {
          const file = own.get(channel);
          if (file === undefined)
            throw new DataError(
              `has no file of channel ${channel} for the field ${Object.values(values).join("_")} (${pattern.fill({ ...values, Channel: channel })}); restore it, or take the channel out with --channels`,
              { path },
            );
          return join(path, file);
        }),
        labels: labels[0] ?? labels[1],
        nuclei: labels[0] === null ? null : labels[1],
        slice: pattern.names.includes("Z") ? null : (options.slice ?? null),
        time: pattern.names.includes("T") ? null : (options.time ?? null),
        metadata: Object.fromEntries(
          Object.entries(values).map(([name, value]) => [`Metadata_${name}`, value]),
        ),
      };
    }),
  };
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function listFiles(path: string, depth: number): string[] {
  const found: string[] = [];
  const walk = (within: string, left: number) => {
    for (const entry of readdirSync(join(path, within), { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const name = within === "" ? entry.name : `${within}/${entry.name}`;
      const place = join(path, name);
      const folder = entry.isSymbolicLink() ? isFolder(place) : entry.isDirectory();
      // An OME-Zarr image is a folder that counts as a file.
      if (!folder || isZarr(place)) found.push(name);
      if (folder && left > 1) walk(name, left - 1);
    }
  };
  try {
    walk("", depth);
  } catch (cause) {
    throw cannotList(path, "the folder that --pattern starts from", cause);
  }
  return found.sort(compareNatural);
}

interface Match {
  readonly file: string;
  readonly values: Values;
}

function matches(pattern: FilePattern, files: readonly string[], path: string): Match[] {
  const found: Match[] = [];
  for (const file of files) {
    const values = pattern.match(file);
    if (values === "ambiguous")
      throw new DataError(
        `holds ${file}, which can be read in two ways by ${pattern.text}; say what a value looks like, for instance {Well:[A-P]\\d\\d}`,
        { path },
      );
    if (values !== null) found.push({ file, values });
  }
  if (found.length === 0)
    throw new DataError(
      `has no file named ${pattern.text}${files.length === 0 ? "; it is empty" : ` (nearest: ${nearestNames(pattern, files).join(", ")})`}`,
      { path },
    );
  return found;
}

/** Files of the chosen slice and time, where the names tell them apart. */
function chooseStack(images: Match[], options: PatternOptions, pattern: FilePattern, path: string): Match[] {
  let left = images;
  for (const [name, option, chosen] of [
    ["Z", "--z", options.slice],
    ["T", "--t", options.time],
  ] as const) {
    if (!pattern.names.includes(name)) continue;
    const there = [...new Set(left.map(({ values }) => Number(values[name])))].sort((a, b) => a - b);
    if (typeof chosen !== "number" && there.length > 1)
      throw new DataError(
        `has files of ${there.length} values of {${name}} (${there[0]} to ${there[there.length - 1]}); choose one with ${option}`,
        { path },
      );
    if (typeof chosen === "number") left = left.filter(({ values }) => Number(values[name]) === chosen);
    if (left.length === 0)
      throw new DataError(`has no file of {${name}} ${chosen}; there are ${there.slice(0, 5).join(", ")}`, {
        path,
      });
  }
  return left;
}

/** Files by field and channel. */
function gather(images: readonly Match[], pattern: FilePattern) {
  const fields = new Map<string, { values: Values; files: Map<string, string> }>();
  for (const { file, values } of images) {
    const own = Object.fromEntries(
      pattern.names.filter((n) => !WITHIN.includes(n)).map((name) => [name, values[name]]),
    );
    const key = JSON.stringify(own);
    const field = fields.get(key) ?? { values: own, files: new Map<string, string>() };
    fields.set(key, field);
    const channel = values.Channel ?? "";
    const twin = field.files.get(channel);
    if (twin !== undefined)
      throw new DataError(
        `is the same field and channel as ${twin} by ${pattern.text}; give what tells them apart a {Name} of its own`,
        { path: file },
      );
    field.files.set(channel, file);
  }
  return [...fields.values()];
}

function channelsOf(
  images: readonly Match[],
  wanted: readonly string[] | undefined,
  pattern: FilePattern,
  path: string,
): readonly string[] {
  const there = [...new Set(images.map(({ values }) => values.Channel))].sort(compareNatural);
  const unknown = wanted?.find((channel) => !there.includes(channel));
  if (unknown !== undefined)
    throw new DataError(
      `has no file of channel ${unknown} by ${pattern.text}; there are ${there.join(", ")}`,
      { path },
    );
  return wanted ?? there;
}

/** The one label image whose name says the same as the field. */
function labelsOf(found: readonly Match[], pattern: FilePattern, field: Values, path: string): string {
  const same = found.filter(({ values }) =>
    pattern.names.every((name) => WITHIN.includes(name) || values[name] === field[name]),
  );
  if (same.length === 1) return same[0].file;
  const name = pattern.fill(field);
  throw new DataError(
    same.length === 0
      ? `has no label image ${name} for the field ${Object.values(field).join("_")} (nearest: ${nearestNames(
          parsePattern(name.replace(/[{}]/g, "*"), "--label-images"),
          found.map(({ file }) => file),
        ).join(", ")}); restore it, or take the field's images out`
      : `has ${same.length} label images ${name} for the field ${Object.values(field).join("_")} (${same[0].file}, ${same[1].file}); name in the pattern what tells them apart`,
    { path },
  );
}
