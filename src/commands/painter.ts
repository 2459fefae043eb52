import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { appendLog } from "./log.ts";
import { jsonLine, textLine } from "./progress-line.ts";
import { type PainterStart, ProgressState, type StageNames } from "./progress-state.ts";

/** Milliseconds between looks, and between lines: a terminal's line is written over, others are kept by who reads them. */
const LOOK = 200;
const BETWEEN = { terminal: 0, json: 900, text: 1700 } as const;

/** Milliseconds between lines of a log. */
const LOGGED = 60_000;

/** The thread that shows progress while another works. */
function paint({ memory, shown, terminal, log }: PainterStart): void {
  const state = new ProgressState(memory);
  const between = BETWEEN[shown === "json" ? "json" : terminal ? "terminal" : "text"];
  let names: StageNames | undefined;
  let logged = Date.now();
  let last = "";
  parentPort!.on("message", (told: StageNames) => {
    names = told;
  });
  const look = () => {
    const now = Date.now();
    if (names === undefined || names.serial !== state.serial) return;
    const moment = state.moment(names, now);
    if (log !== null && now - logged >= LOGGED) {
      logged = now;
      try {
        appendLog(log, textLine(moment, 500));
      } catch {
        // A disk that is full is told by what the work writes there.
      }
    }
    if (shown === "none" || state.silent(now) < between) return;
    const line = shown === "json" ? jsonLine(moment) : textLine(moment, terminal ? state.columns - 1 : 200);
    if (line === last && terminal) return;
    last = line;
    state.writing(() => {
      // The stage may have ended meanwhile.
      if (names?.serial !== state.serial) return;
      try {
        writeSync(2, shown === "text" && terminal ? `\r\x1b[2K${line}` : `${line}\n`);
      } catch {
        // Nobody reads it.
      }
    });
  };
  setInterval(look, LOOK);
}

paint(workerData as PainterStart);
