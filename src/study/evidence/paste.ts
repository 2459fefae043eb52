import { isSeen, PASTE, type Paste, pasteDetectability } from "../../evidence/paste.ts";
import type { Flag } from "../../types.ts";
import { type Block, listBlocks } from "../block.ts";
import { keyOf } from "../inference.ts";
import { predictionRequest } from "../transfer.ts";
import type { EvidenceKind, EvidenceRequest, Ladder } from "./further.ts";

const VERSION = 2;

/** Whether the encoder sees that a cell was pasted. */
export const pasteEvidence: EvidenceKind<Paste> = {
  id: "paste",
  shape: PASTE,
  predicted: false,
  key: (request) => {
    const { study, groups, selection } = request;
    if (groups.count < 2 || !study.settings.includes("self")) return null;
    const blocks = blocksOf(request);
    if (blocks.length < 2) return null;
    const place = selection.rows.map((rows) =>
      Array.from(rows, (row) => [groups.group[row], groups.cluster[row]]),
    );
    return keyOf(request, blocks, selection.rows, ["paste", VERSION, place]);
  },
  *draw(request) {
    const { set, index, selection, groups } = request;
    const probes = predictionRequest({ set, index, ...selection, groups, blocks: blocksOf(request) });
    return { id: "paste", encoder: set.name, numbers: yield* pasteDetectability(probes, groups) };
  },
  flags: pasteFlags,
};

/** Self, and what it is compared with: foreign surroundings only where own ones of another crop are not among the settings. */
function blocksOf({ study: { settings, backgrounds }, selection: { classes } }: EvidenceRequest): Block[] {
  const asked = (["original", "self", settings.includes("same") ? "same" : "different"] as const).filter(
    (s) => settings.includes(s),
  );
  return listBlocks(asked, backgrounds ?? classes);
}

/** A warning where a paste that is seen may change accuracy by more than the zone, else a note. */
export function pasteFlags({ encoder, numbers }: Paste, { stated, zone }: Ladder): Flag[] {
  const seen = (to: string) => numbers.some((n) => n.statement === `paste-chosen/${to}` && isSeen(n));
  const points = (v: number) => (100 * v).toFixed(1).replace("-", "−");
  const flags: Flag[] = [];
  if (seen("self")) {
    const effect = stated.find((s) => s.statement === "paste" && (s.class ?? null) === null);
    const { low = null, high = null } = effect ?? {};
    const within = low !== null && high !== null && low >= -zone && high <= zone;
    const range = low === null || high === null ? "no interval" : `${points(low)} to ${points(high)}`;
    flags.push(
      within
        ? {
            id: "paste-seen",
            severity: "note",
            encoder,
            text: `the encoder sees that a cell was cut out and pasted back, but the paste effect lies within ${points(zone)} points, by its interval: no difference from original is moved by more`,
          }
        : {
            id: "paste-seen",
            severity: "warning",
            encoder,
            text: `the encoder sees that a cell was cut out and pasted back, and the paste effect${effect === undefined ? " is not known" : `, ${points(effect.estimate)} points (${range}), is not shown to be within ${points(zone)}`}: differences from original (total drop, paste and medium together, context effect) hold it, those among pasted cells (medium effect, neighbor effect, published drop) do not; a wider "sigma" or "halo" softens the edge`,
          },
    );
  }
  const foreign = (["same", "different"] as const).find(seen);
  if (foreign !== undefined)
    flags.push({
      id: "foreign-paste-seen",
      severity: "note",
      encoder,
      text: `the encoder tells a cell pasted on another crop (${foreign}) from the same cell pasted back, whatever its class: the medium effect may hold what pasting on another crop does`,
    });
  return flags;
}
