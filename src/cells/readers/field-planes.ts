import { DataError } from "../../errors.ts";
import { turn } from "../../files/turn.ts";
import type { PlaneValues } from "../../image/planes.ts";
import type { FieldEntry } from "../fields/field.ts";
import { type FieldImage, openFieldImage, type Rows } from "./field-image.ts";

/** Most bytes of pixels of one plane that are held at once: 16,384 x 16,384 px of 8 bits, 8,192 x 8,192 of 32. */
const MOST_BYTES = 1 << 28;

/** The planes of a field, ready to be read. */
export interface FieldPlanes {
  readonly channels: readonly string[];
  /** Pixels. */
  readonly height: number;
  readonly width: number;
  /** Micrometers per pixel, null where no file says it. */
  readonly pixelSize: number | null;
  /** Bytes that the planes of all channels take together. */
  readonly bytes: number;
  /** Plane of channel `channel`, or some of its rows (rows x width). */
  read(channel: number, rows?: Rows): Promise<PlaneValues>;
  close(): void;
}

type Choice = Pick<FieldEntry, "slice" | "time">;

/**
 * Opens the files of a field. Planes of one file are found by the names of its channels where it has these, else by their
 * order; without `channels` (one name per file, or those of the one file) all are taken, by the names that the file has.
 * `given` is false for names that the first field's file has: those of the other files must be the same.
 * @throws DataError where planes are missing, of different sizes, or slices and times are not chosen.
 */
export async function openPlanes(
  entry: Pick<FieldEntry, "files"> & Choice,
  channels: readonly string[] | null,
  given = true,
): Promise<FieldPlanes> {
  await turn();
  const { files } = entry;
  const opened: FieldImage[] = [];
  const close = () => {
    for (const image of opened) image.close();
  };
  try {
    for (const file of files) opened.push(await openFieldImage(file));
    const [first] = opened;
    const { height, width } = first;
    for (const { path, ...size } of opened)
      if (size.height !== height || size.width !== width)
        throw new DataError(
          `is ${size.height} x ${size.width} px, ${first.path} is ${height} x ${width} px; the channels of a field need one size`,
          { path },
        );
    const names = channels ?? first.channels.map((name, c) => name ?? `Channel${c + 1}`);
    const readers =
      files.length > 1
        ? opened.map((image, c) => planeOf(image, names[c], entry))
        : planesOf(first, names, entry, given);
    const valueBytes = Math.max(...opened.map((image) => image.valueBytes));
    return {
      ...{ channels: names, height, width, close },
      pixelSize: opened.map((image) => image.pixelSize).find((size) => size !== null) ?? null,
      bytes: names.length * height * width * valueBytes,
      read: (channel, rows) => readers[channel](checkRows(rows, first, valueBytes)),
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** As {@link openPlanes}: hands the planes to `use` and closes the files again. */
export async function withPlanes<T>(
  entry: Pick<FieldEntry, "files"> & Choice,
  channels: readonly string[] | null,
  use: (planes: FieldPlanes) => T | Promise<T>,
  given = true,
): Promise<T> {
  const planes = await openPlanes(entry, channels, given);
  try {
    return await use(planes);
  } finally {
    planes.close();
  }
}

/** Rows that are read at once. @throws DataError where they take more memory than planes may */
function checkRows(rows: Rows | undefined, image: FieldImage, valueBytes: number): Rows {
  const { path, height, width } = image;
  const { from, to } = rows ?? { from: 0, to: height };
  const bytes = (to - from) * width * valueBytes;
  if (bytes > MOST_BYTES)
    throw new DataError(
      `needs ${bytes} bytes for ${to - from} rows of ${width} px; ${MOST_BYTES} are held at once. Cut it into tiles first, or save it with fewer bits a pixel`,
      { path },
    );
  return { from, to };
}

/**
 * Reads a label image: its one channel, at the chosen slice and time where it has several.
 * @throws DataError where it has several channels, or slices and times are not chosen.
 */
export async function readLabels(
  path: string,
  choice: Choice,
  rows?: Rows,
): Promise<{ readonly labels: PlaneValues; readonly height: number; readonly width: number }> {
  const image = await openFieldImage(path);
  try {
    if (image.axesKnown && image.channels.length > 1)
      throw new DataError(
        `has ${image.channels.length} channels or colors, a label image has one; export the labels themselves, not a picture of them`,
        { path },
      );
    const slice = choice.slice === "max" && stack(image, choice).slices > 1 ? null : choice.slice;
    const read = planeOf(image, "labels", { ...choice, slice });
    const labels = await read(checkRows(rows, image, image.valueBytes));
    return { labels, height: image.height, width: image.width };
  } finally {
    image.close();
  }
}

type Read = (rows: Rows) => Promise<PlaneValues>;

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
  const read = (slice: number, time: number, rows: Rows) =>
    pages ? image.read(slice + time, 0, 0, rows) : image.read(channel, slice, time, rows);
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
    chosen(image.path, image.slices, image.times, choice, (slice, time, rows) =>
      image.read(c, slice, time, rows),
    );
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
  read: (slice: number, time: number, rows: Rows) => Promise<PlaneValues>,
): Read {
  const at = pick(path, "time", "--t", times, time);
  if (slice === "max") return (rows) => largest(slices, (s) => read(s, at, rows));
  const through = pick(path, "slice", "--z", slices, slice, ", or --z max for the largest value of all");
  return (rows) => read(through, at, rows);
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
