import { StudyError } from "../errors.ts";
import { checkDiameter, diameterOf } from "../masks/diameter.ts";
import type { CropShape } from "../types.ts";

/** What a person may say of a segmentation. */
export interface SegmentChoices {
  /** Channel by name, any case; the last one where not given. */
  readonly channel?: string | undefined;
  /** Channel of nuclei by name: cells are found from their nuclei. */
  readonly nuclei?: string | undefined;
  /** Typical diameter of a cell, px, kept in the store; that of the store where not given. */
  readonly diameter?: number | undefined;
}

/** A segmentation of the cells of one store. */
export interface Segmentation {
  /** Index of the channel that is segmented. */
  readonly channel: number;
  /** Index of the channel of nuclei; null where cells are found by themselves. */
  readonly nuclei: number | null;
  /** Typical diameter of a cell, px. */
  readonly diameter: number;
  /** All of it in words, as stores keep it. */
  readonly recipe: string;
}

/**
 * What choices mean for a store.
 * @param called what a choice is called where it was made
 * @throws StudyError for an unknown channel, channels that do not go together, or an impossible diameter
 */
export function segmentationOf(
  store: CropShape & { readonly path: string },
  choices: SegmentChoices,
  called: (choice: keyof SegmentChoices) => string = (choice) => `--${choice}`,
): Segmentation {
  const { path, channels, height, width } = store;
  const channel = choices.channel === undefined ? channels.length - 1 : find(channels, choices.channel, path);
  const nuclei = choices.nuclei === undefined ? null : find(channels, choices.nuclei, path);
  if (nuclei === channel)
    throw new StudyError(
      `${called("nuclei")} and ${called("channel")} are both ${channels[channel]}; name as ${called("channel")} one that shows whole cells, of ${channels.join(", ")}`,
      { path },
    );
  const diameter =
    choices.diameter === undefined
      ? diameterOf(store)
      : checkDiameter(choices.diameter, height, width, called("diameter"));
  const from = nuclei === null ? "" : `nuclei ${channels[nuclei]}, `;
  const recipe = `cellswap segment, recipe 1: ${from}channel ${channels[channel]}, diameter ${diameter} px`;
  return { channel, nuclei, diameter, recipe };
}

function find(channels: readonly string[], name: string, path: string): number {
  const exact = channels.indexOf(name);
  const at = exact >= 0 ? exact : channels.findIndex((c) => c.toLowerCase() === name.toLowerCase());
  if (at < 0)
    throw new StudyError(`has no channel ${name}; its channels are ${channels.join(", ")}`, { path });
  return at;
}
