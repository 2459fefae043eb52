import { join } from "node:path";
import { DataError } from "../../errors.ts";
import type { CellSource } from "../importer.ts";
import { compareNatural } from "../natural.ts";
import { readChannels } from "../readers/read-channels.ts";
import { gatherCells, nothingFound } from "../tree.ts";

const NAME = /^(.+?)_(ch1|ch2|ch3|gfp|rfp|mask)(_\d+)?\.tiff?$/i;
const PATTERN = "PROTEIN/PROTEIN_ch1_N.tiff (or PROTEIN/NAME_gfp.tiff) with _mask beside it";
const CHANNEL: Readonly<Record<string, string>> = {
  ch1: "GFP",
  gfp: "GFP",
  ch2: "Nucleus",
  ch3: "RFP",
  rfp: "RFP",
  mask: "Mask",
};
const ORDER = ["GFP", "Nucleus", "RFP"];

/**
 * Plans the import of single-cell crops laid out as for PIFiA (Razdaibiedina et al. 2024): `PROTEIN/PROTEIN_ch1_N.tiff`
 * (GFP) with `_ch2_` (nucleus), `_ch3_` (RFP) and `_mask_`, or `PROTEIN/NAME_gfp.tiff` with `_rfp` and `_mask`. The
 * protein is the folder's name. Masks are binary and know the center cell only. The layout does not say which image a
 * cell is from, so the protein stands for its field.
 * @throws DataError where nothing has such a name or a cell lacks its GFP, its mask or another of the set's channels.
 */
export function pifiaSource(path: string): CellSource {
  const { cells, notes, top } = gatherCells(path, NAME, ([, start, kind, number]) => ({
    id: { stem: `${start}${number ?? ""}` },
    channel: CHANNEL[kind.toLowerCase()],
  }));
  const order = cells.sort((a, b) => compareNatural(a.folder, b.folder) || compareNatural(a.stem, b.stem));
  if (!order.some((cell) => cell.files.GFP !== undefined)) throw nothingFound(path, PATTERN, top, NAME);
  const channels = ORDER.filter((c) => order.some((cell) => cell.files[c] !== undefined));
  for (const { folder: protein, files: has } of order)
    for (const channel of [...channels, "Mask"]) {
      if (has[channel] !== undefined) continue;
      const there = Object.values(has)[0];
      const numbered = /_ch[123]_|_mask_/i.test(there);
      const kind =
        Object.keys(CHANNEL).find((k) => CHANNEL[k] === channel && k.startsWith("ch") === numbered) ?? "mask";
      const name = there.replace(/_(ch1|ch2|ch3|gfp|rfp|mask)(?=(_\d+)?\.tiff?$)/i, `_${kind}`);
      throw new DataError(`is missing beside ${there}; restore it or remove ${there}`, {
        path: join(path, protein, name),
      });
    }
  return {
    source: "pifia",
    path,
    channels,
    masks: "center",
    count: order.length,
    notes: [
      "This layout does not say which image a cell is from: the protein stands for the field, so cells of one protein count as one field.",
      ...notes,
    ],
    record: (i) => {
      const { folder: protein, stem } = order[i];
      return {
        Metadata_Cell: stem.startsWith(`${protein}_`) ? stem : `${protein}_${stem}`,
        Metadata_Protein: protein,
        Metadata_Field: protein,
      };
    },
    file: (i, c = 0) => join(path, order[i].folder, order[i].files[channels[c]]),
    inputs: (i) => [...channels, "Mask"].map((c) => join(path, order[i].folder, order[i].files[c])),
    read: (i, room) => {
      const { folder: protein, files: has } = order[i];
      const at = (channel: string) => join(path, protein, has[channel]);
      return readChannels(channels.map(at), channels, at("Mask"), room);
    },
  };
}
