import { DataError } from "../../errors.ts";
import type { PlaneValues } from "../../image/planes.ts";
import type { FieldPixels } from "../fields/cut.ts";
import { type Ends, findWritten } from "../metadata/locate.ts";
import { withPlanes } from "../readers/field-planes.ts";
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

/** Reads the planes of a field. @throws DataError where one is missing, or sizes differ */
export async function loadImages(images: FieldImages): Promise<FieldPixels> {
  const { files, planes, channels } = images;
  if (planes.every((plane) => plane === null))
    return withPlanes({ files, slice: null, time: null }, channels, async ({ height, width, read }) => ({
      ...{ height, width, labels: null },
      planes: await read(),
    }));
  const { height, width } = await fieldShape(images);
  const read = new Map<string, PlaneValues[]>();
  for (const file of new Set(files))
    read.set(
      file,
      await withPlanes({ files: [file], slice: null, time: null }, null, (field) => {
        if (field.height === height && field.width === width) return field.read();
        throw new DataError(
          `is ${field.height} x ${field.width} px, ${files[0]} is ${height} x ${width} px; the channels of a field need one size`,
          { path: file },
        );
      }),
    );
  return {
    ...{ height, width, labels: null },
    planes: files.map((file, c) => {
      const held = read.get(file) as PlaneValues[];
      const plane = held[planes[c] ?? 0];
      if (plane !== undefined) return plane;
      throw new DataError(`has ${held.length} planes, and ${channels[c]} is number ${planes[c]} (from 0)`, {
        path: file,
      });
    }),
  };
}
