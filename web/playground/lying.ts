import type { ViewStudy } from "../../src/explore/format.ts";
import { outlinePath } from "../../src/explore/outline.ts";
import { coverPath } from "../../src/explore/playground/cover.ts";
import { moveMask, type Neighbor, neighborsOf } from "../../src/explore/playground/neighbors.ts";
import { lenderOf } from "../../src/explore/playground/trial.ts";
import { CENTER } from "../../src/types.ts";
import type { Shown } from "./trying.ts";

interface Paths {
  readonly key: string;
  readonly cover: string;
  readonly edge: string;
}

/** A cell that lies around the one that is tried: a neighbor of the donor, or one that was added. */
export type Lying = Paths &
  (
    | ({ readonly kind: "neighbor"; readonly erased: boolean } & Neighbor)
    | {
        readonly kind: "added";
        /** Position among the added ones. */
        readonly at: number;
        readonly height: number;
        readonly width: number;
      }
  );

/** The donor's neighbors, as far as the scene shows them. */
export function neighborsIn({ trial, cell, crops }: Shown, { height, width }: ViewStudy["crops"]) {
  const labels = new Int32Array(height * width);
  const mask = crops.get(lenderOf(trial, cell))?.mask ?? null;
  const none = mask === null || trial.scene === "medium" || trial.scene === "nothing";
  return { labels, neighbors: none ? [] : neighborsOf(mask, height, width, labels) };
}

/** What lies around the cell, by the masks. */
export function lyingCells(shown: Shown, about: ViewStudy["crops"]): Lying[] {
  const { height, width } = about;
  const { trial, crops } = shown;
  const { labels, neighbors } = neighborsIn(shown, about);
  const paths = (of: Uint8Array | Int32Array, label: number) => ({
    cover: coverPath(of, label, height, width),
    edge: outlinePath(of, label, height, width),
  });
  const added =
    trial.scene === "neighbors" || trial.scene === "alone"
      ? trial.added.flatMap(({ from, dx, dy }, at): Lying[] => {
          const mask = crops.get(from)?.mask ?? null;
          if (mask === null) return [];
          const lies = new Uint8Array(mask.length);
          moveMask(mask, about, { dx, dy }, lies);
          return [{ kind: "added", key: `a${at}`, at, height, width, ...paths(lies, CENTER) }];
        })
      : [];
  return [
    ...neighbors.map(
      (n): Lying => ({
        kind: "neighbor",
        key: `n${n.number}`,
        ...n,
        erased: trial.erased.includes(n.number),
        ...paths(labels, n.number),
      }),
    ),
    ...added,
  ];
}
