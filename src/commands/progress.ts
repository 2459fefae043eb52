import { visible } from "../visible.ts";

/** Reports how far a long stage is: a rewritten line on a terminal, plain lines every few seconds otherwise. */
export interface Progress {
  /** `done` of `total` units, parts of one included; `note` is shown behind the rate. */
  update(done: number, total: number, note?: string): void;
  /** Ends the stage and says how long it took. */
  end(note?: string): void;
}

/** Progress on standard error; `quiet` gives one that prints nothing (for `--json`). */
export function progress(stage: string, unit: string, quiet = false): Progress {
  const start = performance.now();
  const terminal = process.stderr.isTTY === true;
  let shown = 0;
  let first: { at: number; done: number } | undefined;
  const seconds = (s: number) =>
    s < 60
      ? `${Math.round(s)} s`
      : s < 3600
        ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`
        : `${(s / 3600).toFixed(1)} h`;
  const print = (line: string) => {
    if (quiet) return;
    const shown = visible(line);
    process.stderr.write(terminal ? `\r\x1b[2K${shown}` : `${shown}\n`);
  };
  return {
    update(done, total, note = "") {
      const now = performance.now();
      first ??= { at: now, done };
      if (now - shown < (terminal ? 100 : 5000)) return;
      shown = now;
      const rate = ((done - first.done) / (now - first.at)) * 1000;
      // Of what takes seconds each, the time says more than the rate.
      const speed = rate < 1 ? "" : `, ${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} ${unit}/s`;
      const left = done - first.done >= 1 ? `${speed}, ${seconds((total - done) / rate)} left` : "";
      const part = Number.isInteger(done) ? "" : `, ${Math.floor(100 * (done % 1))} % of the next`;
      print(
        `${stage}: ${Math.floor(done)} of ${total} ${unit}${part}${left}${note === "" ? "" : `, ${note}`}`,
      );
    },
    end(note = "") {
      print(
        `${stage}: done in ${seconds((performance.now() - start) / 1000)}${note === "" ? "" : `, ${note}`}`,
      );
      if (!quiet && terminal) process.stderr.write("\n");
    },
  };
}

/** What each stage of a study and of the demo is called, and what it counts. */
const STAGES = {
  cells: ["simulate", "cells"],
  check: ["check cells", "MB"],
  features: ["read features", "rows"],
  composites: ["encode", "composites"],
  pairs: ["classify", "blocks"],
  curve: ["learning curve", "blocks"],
  remedies: ["remedy", "remedies"],
  sensitivity: ["sensitivity", "variants"],
} as const;

/** Shows the stages of a study one after the other, as it reports them. */
export function stages(quiet: boolean): (stage: keyof typeof STAGES, done: number, total: number) => void {
  const shown = new Map<string, Progress>();
  return (stage, done, total) => {
    const [name, unit] = STAGES[stage];
    let bar = shown.get(stage);
    if (bar === undefined) shown.set(stage, (bar = progress(name, unit, quiet)));
    if (done < total) bar.update(done, total);
    else bar.end();
  };
}
