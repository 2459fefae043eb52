import { normal, type Random } from "../../core/rng.ts";
import { type HumanPatch, PATCH_PIXELS, within } from "./patch.ts";

type Place = readonly [x: number, y: number];

/** One nucleus, in the patch's pixels: an ellipse that is bent a little. */
export interface Nucleus {
  readonly at: Place;
  readonly radius: number;
  /** Long by short axis. */
  readonly long: number;
  readonly axis: number;
  readonly bend: number;
  readonly nucleoli: readonly { readonly at: Place; readonly radius: number }[];
}

/** Where the organelles of one cell are, in the patch's pixels. */
export interface HumanAnatomy {
  /** One or two; in mitosis none. */
  readonly nuclei: readonly Nucleus[];
  /** In mitosis, the plates of chromosomes: one, or two that move apart. */
  readonly plates: readonly { readonly at: Place; readonly axis: number; readonly half: number }[];
  /** Distance to the nearest nucleus' outline, positive inside (far below 0 in mitosis); an image of the patch. */
  readonly nuclear: Float32Array;
  /** How thick the cell is, its mean 1: a dome over the nucleus that thins out to the border; an image of the patch. */
  readonly thickness: Float32Array;
  /** One beside the nucleus; two poles in mitosis. */
  readonly centrosomes: readonly Place[];
}

const nuclear = new Float32Array(PATCH_PIXELS);
const thickness = new Float32Array(PATCH_PIXELS);

/** Draws the organelles; images are shared by all cells and valid until the next call. */
export function drawHumanAnatomy(patch: HumanPatch, random: Random): HumanAnatomy {
  const { shape } = patch;
  const middle: Place = [shape.x - patch.left, shape.y - patch.top];
  if (shape.mitotic) return mitosis(patch, middle, random);
  const nuclei = placeNuclei(patch, middle, random);
  measureNuclei(patch, nuclei);
  dome(patch);
  const toward = 2 * Math.PI * random();
  const first = nuclei[0];
  let centrosome: Place = middle;
  for (let turn = 0; turn < 12; turn++) {
    const at = toward + (turn * Math.PI) / 6;
    const away = first.radius * Math.sqrt(first.long) + 1.5 + 2 * random();
    centrosome = [first.at[0] + away * Math.cos(at), first.at[1] + away * Math.sin(at)];
    if (within(patch, ...centrosome, 3)) break;
  }
  return { nuclei, plates: [], nuclear, thickness, centrosomes: [centrosome] };
}

function placeNuclei(patch: HumanPatch, middle: Place, random: Random): Nucleus[] {
  const { shape } = patch;
  const axis = shape.axis + 0.5 * normal(random);
  const apart = shape.nuclei === 2 ? 1.04 * shape.nucleus : 0;
  return Array.from({ length: shape.nuclei }, (_, k) => {
    const side = (k === 0 ? 1 : -1) * apart;
    const at: Place = [middle[0] + side * Math.cos(axis), middle[1] + side * Math.sin(axis)];
    const radius = shape.nucleus;
    const nucleoli = Array.from({ length: 2 + Math.floor(3 * random()) }, () => {
      const away = 0.6 * radius * Math.sqrt(random());
      const angle = 2 * Math.PI * random();
      return {
        at: [at[0] + away * Math.cos(angle), at[1] + away * Math.sin(angle)] as const,
        radius: (0.14 + 0.12 * random()) * radius,
      };
    });
    // Two nuclei lie side by side, their long axes across the line between them.
    const turned = shape.nuclei === 2 ? axis + Math.PI / 2 : axis;
    return { at, radius, long: 1.08 + 0.4 * random(), axis: turned, bend: 0.07 * normal(random), nucleoli };
  });
}

function measureNuclei(patch: HumanPatch, nuclei: readonly Nucleus[]): void {
  const { width, height, depth } = patch;
  nuclear.fill(-1000, 0, width * height);
  for (const { at, radius, long, axis, bend } of nuclei) {
    const [c, s] = [Math.cos(axis), Math.sin(axis)];
    const stretch = Math.sqrt(long);
    for (let y = 0, p = 0; y < height; y++)
      for (let x = 0; x < width; x++, p++) {
        const dx = x - at[0];
        const dy = y - at[1];
        const u = (dx * c + dy * s) / stretch;
        const v = (dy * c - dx * s) * stretch - (bend * u * u) / radius;
        nuclear[p] = Math.max(nuclear[p], radius - Math.sqrt(u * u + v * v));
      }
  }
  // A nucleus keeps clear of the cell's border.
  for (let p = 0; p < width * height; p++) nuclear[p] = Math.min(nuclear[p], depth[p] - 1.5);
}

function dome(patch: HumanPatch): void {
  const { shape, width, height, depth } = patch;
  let sum = 0;
  for (let p = 0; p < width * height; p++) {
    const away = Math.max(0, -nuclear[p]) / (0.5 * shape.radius);
    thickness[p] =
      depth[p] === 0
        ? 0
        : (0.3 + 0.7 * Math.exp(-0.5 * away * away)) * (1 - 0.75 * Math.exp(-depth[p] / 2.5));
    sum += thickness[p];
  }
  scale(patch, sum);
}

function mitosis(patch: HumanPatch, middle: Place, random: Random): HumanAnatomy {
  const { shape, width, height, depth } = patch;
  nuclear.fill(-1000, 0, width * height);
  let sum = 0;
  for (let p = 0; p < width * height; p++) {
    thickness[p] = depth[p] === 0 ? 0 : Math.sqrt(Math.min(1, (1.6 * depth[p]) / shape.radius));
    sum += thickness[p];
  }
  scale(patch, sum);
  const axis = 2 * Math.PI * random();
  const apart = random() < 0.35 ? 0.22 * shape.radius * (1 + random()) : 0;
  const half = 0.5 * shape.radius * (apart > 0 ? 0.85 : 1);
  const plates = (apart > 0 ? [-1, 1] : [0]).map((side) => ({
    at: [middle[0] + side * apart * Math.cos(axis), middle[1] + side * apart * Math.sin(axis)] as const,
    axis: axis + Math.PI / 2,
    half,
  }));
  const pole = 0.5 * shape.radius + 0.6 * apart;
  const centrosomes = [-1, 1].map(
    (side) => [middle[0] + side * pole * Math.cos(axis), middle[1] + side * pole * Math.sin(axis)] as const,
  );
  return { nuclei: [], plates, nuclear, thickness, centrosomes };
}

/** Brings the thickness, whose sum is given, to a mean of 1 over the cell. */
function scale(patch: HumanPatch, sum: number): void {
  for (let p = 0; p < patch.width * patch.height; p++) thickness[p] *= patch.area / sum;
}
