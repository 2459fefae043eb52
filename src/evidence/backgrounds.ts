import type { Judgments } from "./judgments.ts";

/** Accuracy that cells of one class lose on backgrounds of another. */
export interface BackgroundLoss {
  /** Classes by their position. */
  readonly own: number;
  readonly background: number;
  /** Share right in `original` minus share right in `different`, against the same partners. */
  readonly value: number;
  /** Cells of the class. */
  readonly cells: number;
}

/** What each class loses on each background, over the partners that are judged in both settings. */
export function backgroundLosses({ classes, blocks }: Judgments): BackgroundLoss[] {
  const original = blocks.find((b) => b.setting === "original");
  if (original === undefined) return [];
  const share = (hits: Uint8Array) => hits.reduce((n, hit) => n + hit, 0) / hits.length;
  return blocks
    .filter((b) => b.setting === "different" && b.background >= 0)
    .flatMap(({ background, right }) =>
      classes.flatMap((_, own) => {
        if (own === background) return [];
        const partners = [...right[own]].flatMap(([other, after]) => {
          const before = original.right[own].get(other);
          return other === background || before === undefined ? [] : [{ before, after }];
        });
        if (partners.length === 0) return [];
        const sum = partners.reduce((s, { before, after }) => s + share(before) - share(after), 0);
        return [{ own, background, value: sum / partners.length, cells: partners[0].after.length }];
      }),
    );
}
