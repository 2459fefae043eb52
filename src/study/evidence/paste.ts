import { PASTE, type Paste, pasteDetectability } from "../../evidence/paste.ts";
import type { Block } from "../block.ts";
import { keyOf } from "../inference.ts";
import { predictionRequest } from "../transfer.ts";
import type { EvidenceKind } from "./further.ts";

const VERSION = 1;
const BLOCKS: readonly Block[] = [
  { setting: "original", background: null },
  { setting: "self", background: null },
];

/** Whether the encoder sees that a cell was pasted. */
export const pasteEvidence: EvidenceKind<Paste> = {
  id: "paste",
  shape: PASTE,
  key: (request) => {
    const { study, groups, selection } = request;
    if (groups.count < 2 || BLOCKS.some(({ setting }) => !study.settings.includes(setting))) return null;
    const group = selection.rows.map((rows) => Array.from(rows, (row) => groups.group[row]));
    return keyOf(request, BLOCKS, selection.rows, ["paste", VERSION, group]);
  },
  *draw({ set, index, selection: { classes, rows }, groups }) {
    const request = predictionRequest({ set, index, classes, rows, groups, blocks: BLOCKS });
    return { id: "paste", encoder: set.name, numbers: yield* pasteDetectability(request, groups) };
  },
};
