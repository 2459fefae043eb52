import { join } from "node:path";
import { DataError } from "../../errors.ts";
import type { CellSource } from "../importer.ts";
import { compareNatural } from "../natural.ts";
import { readChannels } from "../readers/read-channels.ts";
import { gatherCells, nothingFound } from "../tree.ts";

const NAME = /^(.+)_(\d+)_rfp_(\d+)_(gfp|rfp|bf)\.tiff?$/i;
const PATTERN = "PROTEIN/PROTEIN_FIELD_rfp_CELL_gfp.tif with _rfp.tif or _bf.tif beside it";
const CHANNELS = ["GFP", "RFP", "BF"];

/**
 * Plans the import of single-cell crops laid out as for Paired Cell Inpainting (Lu et al. 2019):
 * `PROTEIN/PROTEIN_FIELD_rfp_CELL_gfp.tif` with `_rfp.tif` or `_bf.tif` (or both) beside it. Cells are in the order of
 * protein, field, cell. No masks.
 * @throws DataError where nothing has such a name or a cell lacks one of the set's channels.
 */
export function pciSource(path: string): CellSource {
  const { cells, notes, top } = gatherCells(path, NAME, ([, protein, field, cell, kind]) => ({
    id: { protein, field: Number(field), cell: Number(cell) },
    channel: kind.toUpperCase(),
  }));
  if (cells.length === 0) throw nothingFound(path, PATTERN, top, NAME);
  const order = cells.sort(
    (a, b) => compareNatural(a.protein, b.protein) || a.field - b.field || a.cell - b.cell,
  );
  const channels = CHANNELS.filter((c) => c === "GFP" || order.some((cell) => cell.files[c] !== undefined));
  if (channels.length === 1) channels.push("RFP");
  for (const { folder, files: has } of order) {
    const missing = channels.find((c) => has[c] === undefined);
    if (missing === undefined) continue;
    const there = Object.values(has)[0];
    throw new DataError(`is missing beside ${there}; restore it or remove ${there}`, {
      path: join(path, folder, there.replace(/(gfp|rfp|bf)(\.tiff?)$/i, `${missing.toLowerCase()}$2`)),
    });
  }
  return {
    source: "pci",
    path,
    channels,
    masks: "none",
    count: order.length,
    notes,
    record: (i) => {
      const { protein, field, cell } = order[i];
      return {
        Metadata_Cell: `${protein}_${field}_${cell}`,
        Metadata_Protein: protein,
        Metadata_Field: `${protein}_${field}`,
      };
    },
    file: (i, c = 0) => join(path, order[i].folder, order[i].files[channels[c]]),
    inputs: (i) => channels.map((c) => join(path, order[i].folder, order[i].files[c])),
    read: (i, room) =>
      readChannels(
        channels.map((c) => join(path, order[i].folder, order[i].files[c])),
        channels,
        null,
        room,
      ),
  };
}
