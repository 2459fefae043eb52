import type { CompositeOptions } from "../../types.ts";
import type { ViewStudy } from "../format.ts";
import { type Added, SCENES, type Trial } from "./trial.ts";

type About = Pick<ViewStudy, "crops" | "composite">;

/** Limits of what a trial may be told: sigma, halo and outline in px, as a study file has them; added neighbors by number. */
export const LIMITS = { sigma: [0.1, 10], halo: 20, outline: 10, added: 16 } as const;
const SEEDS = 2 ** 32 - 1;

const INTENSITIES = { n: "none", c: "crop", f: "field", p: "protein" } as const;

/**
 * A trial in few characters, for the address: what differs from the study's choices, joined by `_`
 * (`neighbors_d40_x3_y-2_s2_r1.3_a7.10.-4`). {@link parseTrial} reads it.
 */
export function formatTrial(trial: Trial, { composite }: About): string {
  const { scene, donor, dx, dy, options, outline, erased, added } = trial;
  const { edge, sigma, donorCenter, halo, intensity, clip, seed } = options;
  const differs = (key: keyof CompositeOptions) =>
    JSON.stringify(options[key]) !== JSON.stringify(composite[key]);
  return [
    scene,
    `d${donor}`,
    ...(dx === 0 ? [] : [`x${dx}`]),
    ...(dy === 0 ? [] : [`y${dy}`]),
    ...(differs("edge") ? [`e${edge[0]}`] : []),
    ...(differs("sigma") ? [`s${sigma}`] : []),
    ...(differs("donorCenter") ? [`c${donorCenter[0]}`] : []),
    ...(differs("halo") ? [`h${halo}`] : []),
    ...(differs("intensity") ? [`i${intensity[0]}`] : []),
    ...(differs("clip") ? [clip === null ? "k" : `k${clip[0]}~${clip[1]}`] : []),
    ...(differs("seed") ? [`f${seed}`] : []),
    ...(outline === 0 ? [] : [`m${outline}`]),
    ...(erased.length === 0 ? [] : [`r${erased.join(".")}`]),
    ...added.map((a) => `a${a.from}.${a.dx}.${a.dy}`),
  ].join("_");
}

/** Reads what {@link formatTrial} wrote; null where no scene or donor can be told, and the study's own for what is not fit. */
export function parseTrial(text: string, about: About): Trial | null {
  const [first, ...parts] = text.split("_");
  const scene = SCENES.find((s) => s === first);
  const { count, height, width } = about.crops;
  const row = (value: number) => Number.isInteger(value) && value >= 0 && value < count;
  const move = (value: number, most: number) => Number.isInteger(value) && Math.abs(value) <= most;
  const found = { donor: -1, dx: 0, dy: 0, outline: 0, erased: [] as number[], added: [] as Added[] };
  const options: { -readonly [K in keyof CompositeOptions]: CompositeOptions[K] } = { ...about.composite };
  for (const part of parts) {
    const value = part.slice(1);
    const number = value === "" ? Number.NaN : Number(value);
    const within = (low: number, high: number) => number >= low && number <= high;
    const numbers = value.split(".").map(Number);
    switch (part[0]) {
      case "d":
        if (row(number)) found.donor = number;
        break;
      case "x":
        if (move(number, width)) found.dx = number;
        break;
      case "y":
        if (move(number, height)) found.dy = number;
        break;
      case "e":
        if (value === "h" || value === "s") options.edge = value === "h" ? "hard" : "soft";
        break;
      case "s":
        if (within(...LIMITS.sigma)) options.sigma = number;
        break;
      case "c":
        if (value === "k" || value === "f") options.donorCenter = value === "k" ? "keep" : "fill";
        break;
      case "h":
        if (within(0, LIMITS.halo)) options.halo = number;
        break;
      case "i":
        if (Object.hasOwn(INTENSITIES, value)) options.intensity = INTENSITIES[value as "n"];
        break;
      case "k":
        options.clip = clipOf(value) ?? (value === "" ? null : options.clip);
        break;
      case "f":
        if (Number.isInteger(number) && within(0, SEEDS)) options.seed = number;
        break;
      case "m":
        if (move(number, LIMITS.outline)) found.outline = number;
        break;
      case "r":
        if (numbers.every((n) => Number.isInteger(n) && n > 0))
          found.erased = [...new Set(numbers)].sort((a, b) => a - b);
        break;
      case "a": {
        const [from, dx, dy] = numbers;
        if (numbers.length === 3 && row(from) && move(dx, width) && move(dy, height))
          if (found.added.length < LIMITS.added) found.added.push({ from, dx, dy });
        break;
      }
    }
  }
  return scene === undefined || found.donor < 0 ? null : { scene, ...found, options };
}

function clipOf(value: string): [number, number] | null {
  const ends = value.split("~");
  const [low, high] = ends.map(Number);
  return ends.length === 2 && ends.every((e) => e !== "") && low < high && Number.isFinite(low + high)
    ? [low, high]
    : null;
}
