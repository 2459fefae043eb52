import { visible } from "../visible.ts";

/** How far a stage is at one moment. */
export interface Moment {
  readonly stage: string;
  readonly unit: string;
  /** Units that are done, parts of one included. */
  readonly done: number;
  /** 0 where nobody knows how many there are. */
  readonly total: number;
  /** Seconds since the stage began. */
  readonly seconds: number;
  /** Units a second; null before one is done. */
  readonly rate: number | null;
  /** Seconds since `done` last grew. */
  readonly still: number;
  readonly note: string;
}

/** Seconds without a unit done from which a line says so. */
const STILL = 5;

const number = new Intl.NumberFormat("en-US");

/** A time as people say it. @param s seconds */
export function duration(s: number): string {
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const hours = s / 3600;
  return `${hours < 100 ? hours.toFixed(1) : number.format(Math.round(hours))} h`;
}

/** Seconds that are left as the rate so far has it; null where nothing is known of it. */
export function remaining({ done, total, rate, still }: Moment): number | null {
  if (total === 0) return null;
  if (done >= total) return 0;
  return rate === null || rate <= 0 ? null : Math.max(0, (total - done) / rate - still);
}

/**
 * One line of at most `width` characters: what is least needed is left out first, then the end is cut.
 * @example textLine(moment, 79) // "encode: 1,234 of 45,780 composites, 350 composites/s, 2 min 7 s left"
 */
export function textLine(moment: Moment, width: number): string {
  const { stage, unit, done, total, seconds, rate, still, note } = moment;
  if (total === 0) return cut(`${stage}: ${duration(seconds)}${note === "" ? "" : `, ${note}`}`, width);
  const left = remaining(moment);
  const part = Number.isInteger(done) ? "" : `, ${Math.floor(100 * (done % 1))} % of the next`;
  // Of what takes seconds each, the time says more than the rate.
  const speed =
    rate === null || rate < 1 ? "" : `, ${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} ${unit}/s`;
  const parts = {
    head: `${stage}: ${number.format(Math.floor(done))} of ${number.format(total)} ${unit}`,
    part,
    speed,
    left: left === null ? `, ${duration(seconds)} so far` : `, ${duration(left)} left`,
    still: still >= STILL ? `, ${duration(still)} on this one` : "",
    note: note === "" ? "" : `, ${note}`,
  };
  for (const name of ["note", "speed", "part", "still"] as const) {
    if (lengthOf(parts) <= width) break;
    parts[name] = "";
  }
  return cut(visible(Object.values(parts).join("")), width);
}

function lengthOf(parts: Readonly<Record<string, string>>): number {
  return visible(Object.values(parts).join("")).length;
}

function cut(line: string, width: number): string {
  const shown = visible(line);
  return shown.length <= width ? shown : `${shown.slice(0, Math.max(0, width - 3))}...`;
}

/** What a stage that has ended says. */
export function endLine({ stage, seconds, note }: Moment, width: number): string {
  return cut(`${stage}: done in ${duration(seconds)}${note === "" ? "" : `, ${note}`}`, width);
}

/** The same for programs: an object on one line. `remaining` is null where it is not known, 0 at the end. */
export function jsonLine(moment: Moment, ended = false): string {
  const { stage, unit, done, total, seconds } = moment;
  const left = ended ? 0 : remaining(moment);
  return JSON.stringify({
    stage,
    done,
    total: ended ? Math.max(done, total) : total,
    unit,
    seconds: rounded(seconds),
    remaining: left === null ? null : rounded(left),
  });
}

/** What is said beside progress, as an object on a line. */
export function messageLine(message: string, severity: "info" | "note" | "warning" | "error"): string {
  return `${JSON.stringify({ severity, message })}\n`;
}

const rounded = (value: number) => Math.round(10 * value) / 10;
