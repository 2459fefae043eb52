import { countText } from "../../core/format.ts";

/** Hours that a run may take by its estimate, where nobody says otherwise. */
export const LIMIT_HOURS = 24;

/** What makes a study smaller. */
export const SMALLER =
  'name fewer "classes" (or a coarser column as "class") or "backgrounds", draw pairs ("pairs": { "sample": 10 }), fit none ("pairs": "none", transfer alone), lower "cellsPerClass"';

/** A way to say hours that is as precise as is worth while. */
export function hoursText(hours: number): string {
  if (hours === 0) return "0 s";
  if (hours < 1 / 60) return `${Math.max(1, Math.round(3600 * hours))} s`;
  if (hours < 1) return `${Math.max(1, Math.ceil(60 * hours))} min`;
  return `${hours < 10 ? hours.toFixed(1) : countText(Math.round(hours))} h`;
}

/** A limit that lets so many hours pass. */
export const limitFor = (hours: number): number =>
  hours < 10 ? Math.ceil(10 * hours) / 10 : Math.ceil(hours);

/** Bytes as people say them. */
export function gigabytes(bytes: number): string {
  return bytes < 5e7 ? "less than 0.1 GB" : `${(bytes / 1e9).toFixed(1)} GB`;
}
