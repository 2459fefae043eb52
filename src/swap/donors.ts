import { mulberry32, type Random, shuffle } from "../core/rng.ts";

/** Who is served by whom. */
export interface Deal {
  /** Rows to serve. */
  readonly cells: Int32Array;
  /** Rows that lend, at least one of them allowed for every cell. */
  readonly donors: Int32Array;
  /** Key per entry of `cells`, and per entry of `donors`. */
  readonly cellKey: Int32Array;
  readonly donorKey: Int32Array;
}

/**
 * Deals one donor to every cell so that no cell gets a donor of its own key and all donors are used equally often
 * (most minus least used is at most 1) whenever that is possible at all; linear time.
 *
 * Donors come from a shuffled deck, cells take them in shuffled order. A donor that the cell must not have is laid
 * aside and offered to the next cells first; the donors aside always share one key, because any cell of another key
 * takes one. When the deck is empty and only forbidden donors lie aside, the cell trades with an earlier cell for
 * which both new pairs are allowed. If there is none, every allowed donor of the deck serves a cell of this very key,
 * so no dealing of this deck can be even (Hall's condition fails), and the allowed donors are dealt once more.
 *
 * @param seed 32-bit seed of this deal
 * @param out receives one row per entry of `cells`
 */
export function dealDonors({ cells, donors, cellKey, donorKey }: Deal, seed: number, out: Int32Array): void {
  const random = mulberry32(seed);
  const order = shuffle(
    Int32Array.from(cells, (_, i) => i),
    random,
  );
  const taken = new Int32Array(cells.length);
  const all = Int32Array.from(donors, (_, i) => i);
  const allowed = new Map<number, Int32Array>();
  let deck: Int32Array = shuffle(all, random);
  let next = 0;
  const aside: number[] = [];
  let asideStart = 0;
  const scanned = new Map<number, number>();
  for (let n = 0; n < order.length; n++) {
    const key = cellKey[order[n]];
    if (asideStart < aside.length && donorKey[aside[asideStart]] !== key) {
      taken[n] = aside[asideStart++];
      continue;
    }
    let found = -1;
    while (found < 0) {
      if (next === deck.length) {
        const blocked = asideStart < aside.length;
        if (blocked && (found = trade(n, key)) >= 0) break;
        deck = shuffle(blocked ? allowedFor(key) : all, random);
        next = 0;
      }
      const donor = deck[next++];
      if (donorKey[donor] !== key) found = donor;
      else aside.push(donor);
    }
    taken[n] = found;
  }
  for (let n = 0; n < order.length; n++) out[order[n]] = donors[taken[n]];

  function allowedFor(key: number): Int32Array {
    let list = allowed.get(key);
    if (list === undefined) allowed.set(key, (list = all.filter((d) => donorKey[d] !== key)));
    return list;
  }

  /** Gives the donor aside to an earlier cell and returns that cell's donor; -1 if no cell can trade. */
  function trade(n: number, key: number): number {
    let e = scanned.get(key) ?? 0;
    while (e < n && (cellKey[order[e]] === key || donorKey[taken[e]] === key)) e++;
    scanned.set(key, e);
    if (e === n) return -1;
    const got = taken[e];
    taken[e] = aside[asideStart++];
    return got;
  }
}

/**
 * Mends pairs that `wrong` forbids by trading donors with another pair, so that the even use is kept; where no pair
 * is found in `tries` random draws, any donor that is not wrong, and where there is none the pair stays.
 */
export function mendPairs(
  { cells, donors }: Pick<Deal, "cells" | "donors">,
  dealt: Int32Array,
  { wrong, forbidden }: Record<"wrong" | "forbidden", (cell: number, donor: number) => boolean>,
  random: Random,
  tries = 200,
): void {
  const bad = (cell: number, donor: number) => forbidden(cell, donor) || wrong(cell, donor);
  for (let i = 0; i < cells.length; i++) {
    if (!wrong(cells[i], dealt[i])) continue;
    let mended = false;
    for (let t = 0; t < tries && !mended; t++) {
      const k = Math.floor(random() * cells.length);
      mended = !bad(cells[i], dealt[k]) && !bad(cells[k], dealt[i]);
      if (mended) [dealt[i], dealt[k]] = [dealt[k], dealt[i]];
    }
    if (mended) continue;
    const start = Math.floor(random() * donors.length);
    for (let t = 0; t < donors.length; t++) {
      const donor = donors[(start + t) % donors.length];
      if (bad(cells[i], donor)) continue;
      dealt[i] = donor;
      break;
    }
  }
}
