import { DataError } from "../../errors.ts";
import { turn } from "../../files/turn.ts";
import type { PlaneValues } from "../../image/planes.ts";
import type { FieldEntry } from "../fields/field.ts";
import { type FieldImage, openFieldImage } from "./field-image.ts";

/** The planes of a field, ready to be read. */
export interface FieldPlanes {
  readonly channels: readonly string[];
  /** Pixels. */
  readonly height: number;
  readonly width: number;
  /** Micrometers per pixel, null where no file says it. */
  readonly pixelSize: number | null;
  /** One plane per channel, height x width. */
  read(): Promise<PlaneValues[]>;
}

type Choice = Pick<FieldEntry, "slice" | "time">;

/**
 * Opens the files of a field, hands its planes to `use` and closes them again. Planes of one file are found by the names of
 * its channels where it has these, else by their order; without `channels` (one name per file, or those of the one file)
 * all are taken, by the names that the file has. `given` is false for names that the first field's file has: those of the
 * other files must be the same.
 * @throws DataError where planes are missing, of different sizes, or slices and times are not chosen.
 */
export async function withPlanes<T>(
  entry: Pick<FieldEntry, "files"> & Choice,
  channels: readonly string[] | null,
  use: (planes: FieldPlanes) => T | Promise<T>,
  given = true,
): Promise<T> {
  await turn();
  const { files } = entry;
  const opened: FieldImage[] = [];
  try {
    for (const file of files) opened.push(await openFieldImage(file));
    const [first] = opened;
    for (const { path, height, width } of opened)
      if (height !== first.height || width !== first.width)
        throw new DataError(
          `is ${height} x ${width} px, ${first.path} is ${first.height} x ${first.width} px; the channels of a field need one size`,
          { path },
        );
    const names = channels ?? first.channels.map((name, c) => name ?? `Channel${c + 1}`);
    const readers =
      files.length > 1
        ? opened.map((image, c) => planeOf(image, names[c], entry))
        : planesOf(first, names, entry, given);
    return await use({
      ...{ channels: names, height: first.height, width: first.width },
      pixelSize: opened.map((image) => image.pixelSize).find((size) => size !== null) ?? null,
      read: async () => {
        const planes: PlaneValues[] = [];
        for (const read of readers) planes.push(await read());
        return planes;
      },
    });
  } finally {
    for (const image of opened) image.close();
  }
}

/**
 * Reads a label image: its one channel, at the chosen slice and time where it has several.
 * @throws DataError where it has several channels, or slices and times are not chosen.
 */
export async function readLabels(
  path: string,
  choice: Choice,
): Promise<{ readonly labels: PlaneValues; readonly height: number; readonly width: number }> {
  const image = await openFieldImage(path);
  try {
    if (image.axesKnown && image.channels.length > 1)
      throw new DataError(
        `has ${image.channels.length} channels or colors, a label image has one; export the labels themselves, not a picture of them`,
        { path },
      );
    const slice = choice.slice === "max" && stack(image, choice).slices > 1 ? null : choice.slice;
    const labels = await planeOf(image, "labels", { ...choice, slice })();
    return { labels, height: image.height, width: image.width };
  } finally {
    image.close();
  }
}

type Read = () => Promise<PlaneValues>;

/** Pages that nobody names are slices or times where a choice is made of them. */
function stack(image: FieldImage, choice: Choice): { slices: number; times: number; pages: boolean } {
  const pages = !image.axesKnown && image.channels.length > 1;
  if (!pages) return { slices: image.slices, times: image.times, pages };
  if (choice.slice !== null && choice.time === null)
    return { slices: image.channels.length, times: 1, pages };
  if (choice.time !== null && choice.slice === null)
    return { slices: 1, times: image.channels.length, pages };
  throw new DataError(
    `has ${image.channels.length} pages where one plane is expected, and does not say what they are; choose a slice (--z) or a time (--t), or list it under File with --channels`,
    { path: image.path },
  );
}

/** The one plane of a file that holds one channel, or of several the one with this name. */
function planeOf(image: FieldImage, name: string, choice: Choice): Read {
  const { slices, times, pages } = stack(image, choice);
  const alone = image.here.length === 1 ? image.here[0] : -1;
  const named = image.channels.includes(name) ? image.channels.indexOf(name) : alone;
  if (!pages && image.channels.length > 1 && named < 0)
    throw new DataError(
      `has ${image.channels.length} channels or samples (${image.channels.map((c) => c ?? "no name").join(", ")}) where ${name} is expected; list it under File with --channels, or export each channel to its own file`,
      { path: image.path },
    );
  const channel = pages ? 0 : Math.max(named, 0);
  const read = (slice: number, time: number) =>
    pages ? image.read(slice + time, 0, 0) : image.read(channel, slice, time);
  return chosen(image.path, slices, times, choice, read);
}

function planesOf(image: FieldImage, names: readonly string[], choice: Choice, given: boolean): Read[] {
  const named = names.every((name) => image.channels.includes(name));
  if (!given && !named && image.channels.some((name) => name !== null))
    throw new DataError(
      `has the channels ${image.channels.map((name) => name ?? "no name").join(", ")}, the first field has ${names.join(", ")}; name them with --channels if their order is the same`,
      { path: image.path },
    );
  if (names.length === 1) return [planeOf(image, names[0], choice)];
  const read = (c: number) =>
    chosen(image.path, image.slices, image.times, choice, (slice, time) => image.read(c, slice, time));
  if (named) return names.map((name) => read(image.channels.indexOf(name)));
  if (image.channels.length !== names.length)
    throw new DataError(
      `has ${image.channels.length} ${image.axesKnown ? "channel(s)" : "pages"}, but ${names.length} channels are named (${names.join(", ")}); name as many as it has, or choose a slice (--z) or time (--t) of files with one channel each`,
      { path: image.path },
    );
  return names.map((_, c) => read(c));
}

function chosen(
  path: string,
  slices: number,
  times: number,
  { slice, time }: Choice,
  read: (slice: number, time: number) => Promise<PlaneValues>,
): Read {
  const at = pick(path, "time", "--t", times, time);
  if (slice === "max") return () => largest(slices, (s) => read(s, at));
  const through = pick(path, "slice", "--z", slices, slice, ", or --z max for the largest value of all");
  return () => read(through, at);
}

function pick(
  path: string,
  what: string,
  option: string,
  count: number,
  given: number | null,
  or = "",
): number {
  if (given === null && count > 1)
    throw new DataError(`has ${count} ${what}s; choose one with ${option} 0 to ${option} ${count - 1}${or}`, {
      path,
    });
  // A choice is for stacks: a file of one plane beside them has nothing to choose.
  if (given === null || count === 1) return 0;
  if (given >= count)
    throw new DataError(
      `has ${count} ${what}s, counted from 0, and no ${what} ${given}; give a smaller ${option}`,
      {
        path,
      },
    );
  return given;
}

async function largest(slices: number, read: (slice: number) => Promise<PlaneValues>): Promise<PlaneValues> {
  const out = (await read(0)).slice();
  for (let s = 1; s < slices; s++) {
    const plane = await read(s);
    for (let p = 0; p < out.length; p++) if (plane[p] > out[p]) out[p] = plane[p];
  }
  return out;
}
