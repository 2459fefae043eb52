import { DataError, StudyError } from "../../errors.ts";
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
  readonly said: readonly Said[];
}

/** Channels of an image at most, where nothing but the shape tells them from pixels. */
const MOST_CHANNELS = 16;
/** Size of the input of most networks for photographs, and of most crops. */
const [PHOTOGRAPH, CROP] = [224, 64];

/**
 * Finds the input that takes the crops, and what the others may get.
 * @throws DataError where no input takes images; StudyError where channels are not named, or not as many as it takes
 */
export function draftInput(
  model: OnnxModel,
  { channels, size }: { readonly channels?: readonly string[]; readonly size?: number },
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
  const named = namedChannels(model.path, count, channels);
  const usual = named.length === 3 ? PHOTOGRAPH : CROP;
  const [height, width] = sides.map((n) => (typeof n === "number" ? n : (size ?? usual)));
  const open = sides.some((n) => typeof n !== "number");
  const said: Said[] = [
    { how: "read", text: `input ${say(main)}` },
    ...(typeof count === "number"
      ? []
      : [{ how: "guessed" as const, text: `layout ${layout}: the axes are open` }]),
    { how: channels === undefined ? "guessed" : "read", text: `channels ${named.join(", ")}` },
    ...(open && size === undefined
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
      if (/mask/i.test(v.name) && (v.shape?.length === 4 || v.shape?.length === 3)) {
        said.push({ how: "guessed", text: `further input ${say(v)} gets the center mask` });
        return { name: v.name, value: "center-mask" };
      }
      said.push({ how: "guessed", text: `further input ${say(v)} gets 0; give what it needs` });
      return { name: v.name, value: 0 };
    });
  return { input: { name: main.name, channels: named, height, width, layout }, extraInputs, said };
}

function layoutOf(shape: readonly (number | string)[]): "NCHW" | "NHWC" {
  const few = (n: number | string) => typeof n === "number" && n <= MOST_CHANNELS;
  return few(shape[3]) && !few(shape[1]) ? "NHWC" : "NCHW";
}

function namedChannels(
  path: string,
  count: number | string,
  given: readonly string[] | undefined,
): readonly string[] {
  const wanted =
    typeof count === "number" ? `${count} channel${count === 1 ? "" : "s"}` : "any number of channels";
  if (given === undefined)
    throw new StudyError(
      `takes ${wanted}; name those of your cells in the network's order (--channels ${Array.from({ length: typeof count === "number" ? count : 2 }, (_, i) => ["DNA", "ER", "RNA"][i % 3]).join(",")}; one may be named several times)`,
      { path },
    );
  if (typeof count === "number" && given.length !== count)
    throw new StudyError(
      `takes ${wanted}, and ${given.length} ${given.length === 1 ? "is" : "are"} named (${given.join(", ")}); name ${count} in the network's order, one several times where there are fewer`,
      { path },
    );
  return given;
}

function say({ name, type, shape }: OnnxValue): string {
  return `${name}: ${type} ${shape === null ? "of any shape" : shape.length === 0 ? "(one value)" : shape.join(" x ")}`;
}
