import { DataError, StudyError } from "../../errors.ts";
import type { CropShape } from "../../types.ts";
import type { ExtraInput } from "../description.ts";
import type { Said } from "./draft.ts";
import type { OnnxModel, OnnxValue } from "./model.ts";

/** Inputs of a drafted description. */
export interface DraftedInput {
  readonly input: {
    readonly name: string;
    readonly channels: readonly string[];
    readonly height: number;
    readonly width: number;
    readonly layout: "NCHW" | "NHWC";
  };
  readonly extraInputs: readonly ExtraInput[];
  readonly guessedSize: boolean;
  readonly said: readonly Said[];
}

/** Channels of an image at most, where nothing but the shape tells them from pixels. */
const MOST_CHANNELS = 16;
/** Names of masks that say which pixels or tokens are no padding. */
const WHOLE = /(pixel|attention|padding)_?mask$/i;
/** Size of the input of most networks for photographs, and of most crops. */
const [PHOTOGRAPH, CROP] = [224, 64];

/**
 * Finds the input that takes the crops, and what the others may get.
 * @throws DataError where no input takes images; StudyError where channels are not named, or not as many as it takes
 */
export function draftInput(
  model: OnnxModel,
  channels: readonly string[] | null,
  cells: CropShape | null,
  size: number | null,
): DraftedInput {
  const images = model.graph.inputs.filter((v) => v.shape?.length === 4);
  // A second image of one channel is a mask.
  const main = images.find((v) => !/mask/i.test(v.name)) ?? images[0];
  if (main === undefined)
    throw new DataError(
      `has no input of four dimensions (batch, channels, height, width), which crops have; its inputs: ${model.graph.inputs.map(say).join(", ")}`,
      { path: model.path },
    );
  const shape = main.shape!;
  const layout = layoutOf(shape);
  const [count, ...sides] = layout === "NCHW" ? shape.slice(1) : [shape[3], shape[1], shape[2]];
  const named = namedChannels(model.path, count, channels ?? storeChannels(count, cells), cells);
  const usual = named.length === 3 ? [PHOTOGRAPH, PHOTOGRAPH] : [cells?.height ?? CROP, cells?.width ?? CROP];
  const [height, width] = sides.map((n, i) => (typeof n === "number" ? n : (size ?? usual[i])));
  const open = sides.some((n) => typeof n !== "number");
  const said: Said[] = [
    { how: "read", text: `input ${say(main)}` },
    ...(typeof count === "number"
      ? []
      : [{ how: "guessed" as const, text: `layout ${layout}: the axes are open` }]),
    { how: channels === null ? "guessed" : "given", text: `channels ${named.join(", ")}` },
    ...(open && size === null
      ? [
          {
            how: "guessed" as const,
            text: `an input of ${height} x ${width} px, as the network leaves it open (--size)`,
          },
        ]
      : []),
    ...(typeof shape[0] === "number" ? [{ how: "read" as const, text: `batches of ${shape[0]}` }] : []),
  ];
  const extraInputs = model.graph.inputs
    .filter((v) => v !== main)
    .map((v): ExtraInput => {
      if (WHOLE.test(v.name)) {
        const sides = new Map([height, width].map((n, i) => [(v.shape?.length ?? 0) - 2 + i, n]));
        const own = v.shape?.map((n, axis) => (typeof n === "number" ? n : (sides.get(axis) ?? "batch")));
        said.push({ how: "guessed", text: `further input ${say(v)} gets 1: all of the input counts` });
        return { name: v.name, value: 1, ...(own !== undefined && own.length > 2 ? { shape: own } : {}) };
      }
      if (/mask/i.test(v.name) && (v.shape?.length === 4 || v.shape?.length === 3)) {
        said.push({ how: "guessed", text: `further input ${say(v)} gets the center mask` });
        return { name: v.name, value: "center-mask" };
      }
      said.push({ how: "guessed", text: `further input ${say(v)} gets 0; give what it needs` });
      return { name: v.name, value: 0 };
    });
  return {
    input: { name: main.name, channels: named, height, width, layout },
    extraInputs,
    guessedSize: open && size === null,
    said,
  };
}

function layoutOf(shape: readonly (number | string)[]): "NCHW" | "NHWC" {
  const few = (n: number | string) => (typeof n === "number" ? n <= MOST_CHANNELS : /^c$|channel/i.test(n));
  return few(shape[3]) && !few(shape[1]) ? "NHWC" : "NCHW";
}

/** The channels of a store, where they are as many as the network takes; its only one as often as needed. */
function storeChannels(count: number | string, cells: CropShape | null): readonly string[] | null {
  if (cells === null) return null;
  const { channels } = cells;
  if (typeof count !== "number" || channels.length === count) return channels;
  return channels.length === 1 ? new Array<string>(count).fill(channels[0]) : null;
}

function namedChannels(
  path: string,
  count: number | string,
  named: readonly string[] | null,
  cells: CropShape | null,
): readonly string[] {
  const number = typeof count === "number" ? count : 2;
  const wanted =
    typeof count === "number" ? `${count} channel${count === 1 ? "" : "s"}` : "any number of channels";
  if (named === null) {
    const known = cells?.channels ?? ["DNA", "ER", "RNA"];
    const example = Array.from({ length: number }, (_, i) => known[i % known.length]);
    throw new StudyError(
      `takes ${wanted}${cells === null ? "" : `, and the cells have ${known.join(", ")}`}; name those of your cells in the network's order, one several times where there are fewer: --channels ${example.join(",")}`,
      { path },
    );
  }
  if (typeof count === "number" && named.length !== count)
    throw new StudyError(
      `takes ${wanted}, and ${named.length} ${named.length === 1 ? "is" : "are"} named (${named.join(", ")}); name ${count} in the network's order, one several times where there are fewer`,
      { path },
    );
  return named;
}

function say({ name, type, shape }: OnnxValue): string {
  return `${name}: ${type} ${shape === null ? "of any shape" : shape.length === 0 ? "(one value)" : shape.join(" x ")}`;
}
