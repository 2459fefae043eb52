import { DataError } from "../../errors.ts";
import type { OpenField } from "../fields/cut.ts";
import { type Ends, findWritten } from "../metadata/locate.ts";
import { type FieldPlanes, openPlanes, withPlanes } from "../readers/field-planes.ts";
import type { ImageRow } from "./location-set.ts";

/** Where the planes of a field are. */
export interface FieldImages {
  readonly channels: readonly string[];
  /** File per channel. */
  readonly files: readonly string[];
  /** Plane of the file per channel, from 0, where channels share it; null: the file's one plane. */
  readonly planes: readonly (number | null)[];
}

/** The images of a field: found as they are written or under `base`, else as they are written. */
export function fieldImages(
  name: string,
  image: ImageRow,
  channels: readonly string[],
  base: string,
  ends: Ends,
): FieldImages {
  const sharing = (file: string | undefined) =>
    [...image.files].filter(([, other]) => other === file).map(([channel]) => channel);
  return {
    channels,
    files: channels.map((channel) => {
      const written = image.files.get(channel);
      return written === undefined ? `${channel} of ${name}` : (findWritten(base, written, ends) ?? written);
    }),
    planes: channels.map((channel) => {
      const others = sharing(image.files.get(channel));
      if (others.length < 2) return null;
      return saidPlane(image, channel) ?? others.indexOf(channel);
    }),
  };
}

/** Plane of a channel's file that the table says, null where it does not. */
function saidPlane({ planes }: ImageRow, channel: string): number | null {
  const said = planes.get(channel) ?? "";
  return /^\d+(\.0+)?$/.test(said) ? Number(said) : null;
}

/** Says which planes stand for which channels where these share a file and no table says its planes. */
export function guessedPlanes(entries: readonly FieldImages[], images: readonly ImageRow[]): string[] {
  const guessed = ({ channels, planes }: FieldImages, image: ImageRow) =>
    channels.filter((channel, c) => planes[c] !== null && saidPlane(image, channel) === null);
  const at = entries.findIndex((entry, i) => guessed(entry, images[i]).length > 0);
  if (at < 0) return [];
  const { channels, planes } = entries[at];
  const said = guessed(entries[at], images[at]).map((c) => `${c} ${planes[channels.indexOf(c)]}`);
  return [
    `Warning: channels share a file (${entries[at].files[0]}) and no column Frame_CHANNEL says their planes, so they are taken in the order of the columns (from 0: ${said.join(", ")}); check that it is that of the planes.`,
  ];
}

/** Height and width of a field's images, px. @throws DataError where they differ or cannot be read */
export function fieldShape(images: FieldImages): Promise<{ height: number; width: number }> {
  const { files, planes, channels } = images;
  const shared = planes.some((plane) => plane !== null);
  return withPlanes(
    { files: shared ? files.slice(0, 1) : files, slice: null, time: null },
    shared ? null : channels,
    ({ height, width }) => ({ height, width }),
  );
}

/** Opens the images of a field. @throws DataError where one is missing, or sizes differ */
export async function openImages(images: FieldImages): Promise<OpenField> {
  const { files, planes, channels } = images;
  const opened = new Map<string, FieldPlanes>();
  const close = () => {
    for (const field of opened.values()) field.close();
  };
  const choice = { slice: null, time: null };
  try {
    if (planes.every((plane) => plane === null))
      opened.set("", await openPlanes({ files, ...choice }, channels));
    else
      for (const file of new Set(files))
        opened.set(file, await openPlanes({ files: [file], ...choice }, null));
    const [first] = opened.values();
    const { height, width } = first;
    for (const [path, field] of opened)
      if (field.height !== height || field.width !== width)
        throw new DataError(
          `is ${field.height} x ${field.width} px, ${files[0]} is ${height} x ${width} px; the channels of a field need one size`,
          { path },
        );
    const places = files.map((path, c): [FieldPlanes, number] => {
      const field = opened.get(path);
      if (field === undefined) return [first, c];
      const plane = planes[c] ?? 0;
      if (plane < field.channels.length) return [field, plane];
      throw new DataError(
        `has ${field.channels.length} planes, and ${channels[c]} is number ${plane} (from 0)`,
        { path },
      );
    });
    const bytes = places.reduce((sum, [field]) => sum + field.bytes / field.channels.length, 0);
    return {
      ...{ height, width, channels: channels.length, bytes, close },
      plane: (channel, rows) => places[channel][0].read(places[channel][1], rows),
      labels: async () => null,
    };
  } catch (error) {
    close();
    throw error;
  }
}
