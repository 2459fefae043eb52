import type { CropFiles } from "../../cells/crops.ts";
import { storeHash } from "../../cells/header.ts";
import { type NeighborClasses, neighborClasses } from "../../cells/neighbor-classes.ts";
import { quantileInPlace } from "../../core/statistics.ts";
import { type AroundCells, NATURAL, type Natural, naturalSlopes } from "../../evidence/natural.ts";
import { diameterOf } from "../../masks/diameter.ts";
import { measureNeighbors, nearestNeighbor } from "../../masks/neighbors.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../../types.ts";
import { type Block, listBlocks } from "../block.ts";
import { keyOf } from "../inference.ts";
import { metadataColumn } from "../select.ts";
import { transferPredictions } from "../transfer.ts";
import type { EvidenceKind, EvidenceRequest } from "./further.ts";

const VERSION = 3;

/** What held-out probes make of cells as imaged, against their real neighbors; no pasting. */
export const naturalEvidence: EvidenceKind<Natural> = {
  id: "natural",
  shape: NATURAL,
  predicted: true,
  together: true,
  key: (request) => {
    const { study, groups, selection, store } = request;
    if (groups.count < 2 || store.masks !== "full" || !study.settings.includes("original")) return null;
    const group = selection.rows.map((rows) => Array.from(rows, (row) => groups.group[row]));
    const cluster = selection.rows.map((rows) => Array.from(rows, (row) => groups.cluster[row]));
    const more = [
      "natural",
      VERSION,
      group,
      cluster,
      storeHash(store.header),
      store.header.hashes,
      study.class,
      study.seed,
    ];
    return keyOf(
      request,
      [{ setting: "original", background: null }, ...blocksOf(request)],
      selection.rows,
      more,
    );
  },
  *draw(request) {
    const { set, store, selection, index, groups, study } = request;
    const { rows, classes } = selection;
    const around = aroundCells(store);
    const stratum = strata(request);
    const of = classesAround(request);
    const donor = (setting: Block["setting"], background: number, own: number) => {
      const block = { setting, background: background < 0 ? null : classes[background] };
      if (index.isOwn(block, classes[own])) return null;
      return index.rows(block, classes[own], rows[own])?.map((row) => index.plan.donor[row]) ?? null;
    };
    return yield* naturalSlopes({
      encoder: set.name,
      channels: store.channels,
      diameter: diameterOf(store),
      stratum: rows.map((list) => list.map((row) => stratum[row])),
      around: rows.map((list) => ({
        ...tableOf(Array.from(list, around), store.channels.length),
        classes:
          of === null
            ? null
            : {
                own: Float64Array.from(list, (row) => of.own[row]),
                other: Float64Array.from(list, (row) => of.other[row]),
                unknown: Float64Array.from(list, (row) => of.unknown[row]),
              },
      })),
      predictions: transferPredictions(request)!,
      donors: {
        donor: ({ setting, background }, own) => donor(setting, background, own),
        area: (row) => around(row).area,
      },
      grouping: groups,
      seed: study.seed,
    });
  },
};

function blocksOf({ study, selection }: EvidenceRequest): Block[] {
  return listBlocks(study.settings, study.backgrounds ?? selection.classes);
}

/** Number of every row's cluster, protein and field; cells are only compared with others of the same. */
function strata({ cells, groups }: EvidenceRequest): Int32Array {
  const names = new Map<string, number>();
  return Int32Array.from({ length: cells.count }, (_, row) => {
    const name = JSON.stringify([groups.cluster[row], cells.protein?.[row] ?? null, cells.field[row]]);
    if (!names.has(name)) names.set(name, names.size);
    return names.get(name)!;
  });
}

/** Of what classes the neighbors are; null where the cells have no places, or no field holds several classes. */
function classesAround({
  store,
  cells,
  study,
  selection: { classOf, classes },
}: EvidenceRequest): NeighborClasses | null {
  const ofField = new Map<string, number>();
  const several = classOf.some((c, row) => {
    const known = ofField.get(cells.field[row]);
    if (c >= 0 && known === undefined) ofField.set(cells.field[row], c);
    return c >= 0 && known !== undefined && known !== c;
  });
  if (!several) return null;
  // A cell with several localizations is neither of the own class nor of another.
  const label = metadataColumn(cells, study.class, "class").map((name, row) =>
    classOf[row] >= 0 ? classes[classOf[row]] : name === null || name.includes("|") ? null : name,
  );
  const rows = Int32Array.from(cells.usable.keys()).filter(
    (row) => cells.usable[row] === 1 || classOf[row] >= 0,
  );
  return neighborClasses(store, cells, rows, label);
}

/** What is around one cell; names as in {@link AroundCells}. */
interface Around {
  readonly number: number;
  readonly area: number;
  readonly nearest: number;
  readonly own: number;
  readonly contrast: readonly number[];
  readonly brightness: readonly number[];
}

/** Measured once for all encoders of a study. */
const known = new WeakMap<CropFiles, Map<number, Around>>();

function aroundCells(store: CropFiles): (row: number) => Around {
  let found = known.get(store);
  if (found === undefined) known.set(store, (found = new Map()));
  const cache = found;
  const { height, width, channels } = store;
  const mask = new Uint8Array(height * width);
  const crop = new Float32Array(channels.length * mask.length);
  return (row) => {
    let around = cache.get(row);
    if (around === undefined) {
      store.readMask(row, mask);
      store.readCrop(row, crop);
      cache.set(row, (around = measure(mask, crop, height, width)));
    }
    return around;
  };
}

function measure(mask: Uint8Array, crop: Float32Array, height: number, width: number): Around {
  const { count, area } = measureNeighbors(mask, height, width);
  const pixels = mask.length;
  const sizes = [0, 0, 0];
  for (let p = 0; p < pixels; p++) sizes[mask[p]]++;
  const medium = new Float64Array(sizes[BACKGROUND]);
  const levels = Array.from({ length: crop.length / pixels }, (_, c) => {
    const plane = crop.subarray(c * pixels, (c + 1) * pixels);
    let [cell, others, at] = [0, 0, 0];
    for (let p = 0; p < pixels; p++)
      if (mask[p] === CENTER) cell += plane[p];
      else if (mask[p] === NEIGHBOR) others += plane[p];
      else if (mask[p] === BACKGROUND) medium[at++] = plane[p];
    const ground =
      medium.length === 0
        ? plane.reduce((least, v) => Math.min(least, v), Number.POSITIVE_INFINITY)
        : quantileInPlace(medium, 0.5);
    const [own, around] = [cell / sizes[CENTER] - ground, others / sizes[NEIGHBOR] - ground];
    return { own, contrast: (around - own) / (Math.abs(around) + Math.abs(own)) };
  });
  return {
    number: count,
    area,
    nearest: nearestNeighbor(mask, height, width),
    own: sizes[CENTER] / pixels,
    contrast: levels.map((l) => l.contrast),
    brightness: levels.map((l) => l.own),
  };
}

function tableOf(cells: readonly Around[], channels: number): Omit<AroundCells, "classes"> {
  const column = (of: (a: Around) => number) => Float64Array.from(cells, of);
  const byChannel = (of: (a: Around) => readonly number[]) =>
    Array.from({ length: channels }, (_, c) => column((a) => of(a)[c]));
  return {
    number: column((a) => a.number),
    area: column((a) => a.area),
    nearest: column((a) => a.nearest),
    own: column((a) => a.own),
    contrast: byChannel((a) => a.contrast),
    brightness: byChannel((a) => a.brightness),
  };
}
