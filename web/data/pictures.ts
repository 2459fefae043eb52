import type { Range } from "../../src/explore/look.ts";
import { LoadError } from "./fetch.ts";
import type { Answer, Order } from "./picture-worker.ts";
import type { Composites, StudyData } from "./study.ts";

/** A composite (channels x height x width), and the ranges that its cell's original is shown between. */
export interface Picture {
  readonly pixels: Float32Array;
  readonly ranges: readonly Range[];
}

/** Bytes of composites that are kept. */
const KEPT = 48 * 2 ** 20;
/** Composites that the worker has at once: it reads the next while it makes one. */
const AT_ONCE = 4;

interface Wanted {
  readonly row: number;
  readonly done: Promise<Picture>;
  readonly resolve: (picture: Picture) => void;
  readonly reject: (error: Error) => void;
  /** Who waits for it. */
  users: number;
}

/**
 * Composites made beside the page, in the order they are asked for; those that nobody waits for any more are not made.
 * What was made is kept up to a size.
 */
export class Pictures {
  readonly #kept = new Map<number, Picture>();
  #bytes = 0;
  readonly #waiting = new Map<number, Wanted>();
  readonly #made = new Map<number, Wanted>();
  readonly #composites: Composites;
  readonly #worker: Worker;

  constructor(study: Pick<StudyData, "about" | "base">, composites: Composites) {
    this.#composites = composites;
    this.#worker = new Worker(new URL("./picture-worker.ts", import.meta.url), { type: "module" });
    const open: Order = { about: study.about, base: new URL(study.base, location.href).href };
    this.#worker.postMessage(open);
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => this.#take(data));
    this.#worker.addEventListener("error", () => {
      for (const row of [...this.#made.keys()])
        this.#take({ row, error: "The part of the page that makes composites did not start: reload it." });
    });
  }

  /** The composite, if it is kept. */
  known(row: number): Picture | undefined {
    const picture = this.#kept.get(row);
    if (picture !== undefined) {
      this.#kept.delete(row);
      this.#kept.set(row, picture);
    }
    return picture;
  }

  /** Asks for a composite. `leave`: it is not waited for any more. @throws LoadError */
  ask(row: number): { done: Promise<Picture>; leave: () => void } {
    const known = this.known(row);
    if (known !== undefined) return { done: Promise.resolve(known), leave: () => {} };
    let wanted = this.#waiting.get(row) ?? this.#made.get(row);
    if (wanted === undefined) {
      let settle: Pick<Wanted, "resolve" | "reject">;
      const done = new Promise<Picture>((resolve, reject) => {
        settle = { resolve, reject };
      });
      wanted = { row, done, users: 0, ...settle! };
      this.#waiting.set(row, wanted);
    }
    wanted.users++;
    this.#next();
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      wanted.users--;
      if (wanted.users === 0) this.#waiting.delete(row);
    };
    return { done: wanted.done, leave };
  }

  #next(): void {
    for (const wanted of this.#waiting.values()) {
      if (this.#made.size >= AT_ONCE) return;
      const { row } = wanted;
      this.#waiting.delete(row);
      this.#made.set(row, wanted);
      const { cell, setting, background, donor, medium } = this.#composites;
      const one: Order = {
        row,
        cell: cell[row],
        setting: setting[row],
        background: background[row],
        donor: donor[row],
        medium: medium[row],
      };
      this.#worker.postMessage(one);
    }
  }

  #take(answer: Answer): void {
    const wanted = this.#made.get(answer.row);
    this.#made.delete(answer.row);
    if (answer.error !== undefined) wanted?.reject(new LoadError(answer.error));
    else {
      const picture = { pixels: answer.pixels, ranges: answer.ranges };
      this.#keep(answer.row, picture);
      wanted?.resolve(picture);
    }
    this.#next();
  }

  #keep(row: number, picture: Picture): void {
    this.#kept.set(row, picture);
    this.#bytes += picture.pixels.byteLength;
    for (const [old, { pixels }] of this.#kept) {
      if (this.#bytes <= KEPT || old === row) break;
      this.#kept.delete(old);
      this.#bytes -= pixels.byteLength;
    }
  }
}
