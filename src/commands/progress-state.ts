import type { Moment } from "./progress-line.ts";

/** How progress is shown on standard error: a line for people, objects for programs, not at all. */
export type Shown = "text" | "json" | "none";

/** What the thread that shows progress is started with. */
export interface PainterStart {
  readonly memory: SharedArrayBuffer;
  readonly shown: Shown;
  /** Whether standard error is a terminal, on which one line is written over and over. */
  readonly terminal: boolean;
  /** File that gets a line a minute; null: none. */
  readonly log: string | null;
}

/** What that thread is told when another stage begins, or what stands behind the line changes. */
export interface StageNames {
  readonly serial: number;
  readonly stage: string;
  readonly unit: string;
  readonly note: string;
}

/** Places in the memory that both threads see. */
const AT = {
  began: 0,
  firstAt: 1,
  firstDone: 2,
  movedAt: 3,
  done: 4,
  total: 5,
  columns: 6,
  /** When a line was last written, by either thread. */
  written: 7,
} as const;

/**
 * Numbers of the stage that runs, in memory that the working thread writes and the showing thread reads: so that
 * progress is shown while the working thread computes without a pause. Times are milliseconds of Date.now().
 */
export class ProgressState {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Float64Array;
  /** 0: who writes to standard error now (0: nobody); 1: number of the stage that runs, 0 for none. */
  readonly #flags: Int32Array;

  constructor(memory = new SharedArrayBuffer(8 * 8 + 2 * 4)) {
    this.memory = memory;
    this.#numbers = new Float64Array(memory, 0, 8);
    this.#flags = new Int32Array(memory, 64, 2);
  }

  /** Begins stage `serial`. */
  begin(serial: number, now: number): void {
    this.#numbers.fill(0, 0, 6);
    this.#numbers[AT.began] = this.#numbers[AT.movedAt] = now;
    Atomics.store(this.#flags, 1, serial);
  }

  update(done: number, total: number, now: number): void {
    const n = this.#numbers;
    if (n[AT.firstAt] === 0) {
      n[AT.firstAt] = now;
      n[AT.firstDone] = done;
    }
    if (done !== n[AT.done]) n[AT.movedAt] = now;
    n[AT.done] = done;
    n[AT.total] = total;
  }

  end(): void {
    Atomics.store(this.#flags, 1, 0);
  }

  get serial(): number {
    return Atomics.load(this.#flags, 1);
  }

  /** The stage at `now`. */
  moment({ stage, unit, note }: Omit<StageNames, "serial">, now: number): Moment {
    const n = this.#numbers;
    const done = n[AT.done];
    const made = done - n[AT.firstDone];
    const time = (n[AT.movedAt] - n[AT.firstAt]) / 1000;
    return {
      stage,
      unit,
      note,
      done,
      total: n[AT.total],
      seconds: Math.max(0, now - n[AT.began]) / 1000,
      rate: made >= 1 && time > 0 ? made / time : null,
      still: Math.max(0, now - n[AT.movedAt]) / 1000,
    };
  }

  get columns(): number {
    return this.#numbers[AT.columns] || 80;
  }

  set columns(columns: number) {
    this.#numbers[AT.columns] = columns;
  }

  /** Milliseconds since a line was written. */
  silent(now: number): number {
    return now - this.#numbers[AT.written];
  }

  /** Runs `write`, which writes a line to standard error, while the other thread writes none. */
  writing(write: () => void): void {
    while (Atomics.compareExchange(this.#flags, 0, 0, 1) !== 0) Atomics.wait(this.#flags, 0, 1, 50);
    try {
      write();
    } finally {
      this.#numbers[AT.written] = Date.now();
      Atomics.store(this.#flags, 0, 0);
      Atomics.notify(this.#flags, 0);
    }
  }
}
