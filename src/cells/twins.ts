import { sha256 } from "../files/hash.ts";
import type { Flag } from "../types.ts";

/** Pairs that are named at most. */
const NAMED = 3;

/** Hexadecimal digits of a hash that are held: 96 bits. */
const DIGITS = 24;

/** Finds crops whose bytes are those of an earlier one. Holds a hash of every crop. */
export class Twins {
  readonly #first = new Map<string, { id: string; label: string }>();
  /** Crops that are there already. */
  count = 0;
  /** Of these, those under another label. */
  relabeled = 0;
  /** The first pairs of ids. */
  readonly pairs: [string, string][] = [];

  /** Crops of one value say nothing of where they come from and are left out. */
  add(id: string, label: string, crop: Float32Array): void {
    if (crop.every((v) => v === crop[0])) return;
    const hash = sha256(new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength)).slice(0, DIGITS);
    const first = this.#first.get(hash);
    if (first === undefined) {
      this.#first.set(hash, { id, label });
      return;
    }
    this.count++;
    if (first.label !== label) this.relabeled++;
    if (this.pairs.length < NAMED) this.pairs.push([first.id, id]);
  }
}

/** What is said of crops that are there several times; null where there are none. `labels` says what the labels are. */
export function repeated(
  { count, relabeled, pairs }: Pick<Twins, "count" | "relabeled" | "pairs">,
  labels: string,
): Flag | null {
  if (count === 0) return null;
  const named = pairs.map(([a, b]) => `${b} is ${a}`).join(", ");
  return {
    id: "same-crop",
    severity: "warning",
    encoder: null,
    text: `${count} ${count === 1 ? "crop has" : "crops have"} exactly the pixels of another (${named}${count > pairs.length ? ", ..." : ""})${relabeled > 0 ? `, ${relabeled} of them under another ${labels}` : ""}: cells that are no cells of their own train and test the same probe; give each crop once`,
  };
}
