import { DataError } from "../../errors.ts";
import type { ExtraInput, OnnxDescription } from "../description.ts";
import { toType } from "./numbers.ts";

/** An ONNX encoder's description, where it is, and where its model is. */
export interface OnnxPlace {
  readonly path: string;
  readonly modelPath: string;
  readonly description: OnnxDescription;
}

/** What the network says of one of its inputs. */
export interface InputType {
  readonly name: string;
  readonly type: string;
  /** Lengths; a name for a free axis. */
  readonly shape: readonly (number | string)[];
}

/** How a tensor of an input is made. */
export interface Feed {
  readonly name: string;
  readonly type: string;
  /** Its lengths for a batch of `count` inputs. */
  dims(count: number): number[];
  /** Its values: the crops, the center masks, or constants for `count` inputs. */
  readonly values: "crops" | "center-mask" | ((count: number) => Float32Array);
}

/**
 * What is fed to each input of a network, the crops first, and the batch where it takes one size only.
 * @throws DataError where description and network do not fit each other
 */
export function planFeeds(
  file: OnnxPlace,
  inputs: readonly InputType[],
): { readonly feeds: readonly Feed[]; readonly batch: number | null } {
  const { input, extraInputs = [] } = file.description;
  const find = (name: string, key: string): InputType => {
    const found = inputs.find((i) => i.name === name);
    if (found === undefined)
      throw new DataError(
        `has no input ${name}; it has ${inputs.map((i) => i.name).join(", ")}; correct ${key} in ${file.path}`,
        { path: file.modelPath },
      );
    if (toType(found.type, new Float32Array(0)) === null)
      throw new DataError(
        `takes ${found.type} in input ${name}, which no crop can be; export the network with a float32 input`,
        { path: file.modelPath },
      );
    return found;
  };
  const main = find(input.name, "input.name");
  const feeds = [
    cropFeed(file, main),
    ...extraInputs.map((extra) => extraFeed(file, extra, find(extra.name, "extraInputs"))),
  ];
  const open = inputs.find((i) => !feeds.some((f) => f.name === i.name));
  if (open !== undefined)
    throw new DataError(
      `has another input, ${open.name} (${open.type} ${said(open.shape)}); say in "extraInputs" of ${file.path} what it gets: "center-mask" or a number`,
      { path: file.modelPath },
    );
  return { feeds, batch: batchOf(file, main) };
}

function batchOf(file: OnnxPlace, { shape }: InputType): number | null {
  const { batch } = file.description.input;
  const [fixed] = shape;
  if (typeof fixed !== "number") return batch ?? null;
  if (batch !== undefined && batch !== fixed)
    throw new DataError(`takes batches of ${fixed}; leave input.batch (${batch}) out of ${file.path}`, {
      path: file.modelPath,
    });
  return fixed;
}

function cropFeed(file: OnnxPlace, { name, type, shape }: InputType): Feed {
  const { layout, channels, height, width } = file.description.input;
  const own = layout === "NCHW" ? [channels.length, height, width] : [height, width, channels.length];
  const fits =
    shape.length === 0 ||
    (shape.length === 4 &&
      own.every((n, axis) => typeof shape[axis + 1] === "string" || shape[axis + 1] === n));
  if (!fits)
    throw new DataError(
      `takes ${said(shape)} in input ${name}, and its description gives batch x ${own.join(" x ")} (${layout}: ${channels.join(", ")}); correct channels, height, width or layout of "input" in ${file.path}`,
      { path: file.modelPath },
    );
  return { name, type, dims: (count) => [count, ...own], values: "crops" };
}

function extraFeed(file: OnnxPlace, { name, value, shape }: ExtraInput, of: InputType): Feed {
  const fail = (text: string) => new DataError(`${text} in ${file.path}`, { path: file.modelPath });
  const { height, width } = file.description.input;
  if (value === "center-mask") {
    const last = of.shape.length === 4 && of.shape[3] === 1 && of.shape[1] !== 1;
    const own = of.shape.length === 3 ? [height, width] : last ? [height, width, 1] : [1, height, width];
    const fits =
      own.length === of.shape.length - 1 &&
      own.every((n, axis) => typeof of.shape[axis + 1] === "string" || of.shape[axis + 1] === n);
    if (!fits)
      throw fail(
        `takes ${said(of.shape)} in input ${name}, and a center mask is batch x 1 x ${height} x ${width} or batch x ${height} x ${width}; correct extraInputs`,
      );
    return { name, type: of.type, dims: (count) => [count, ...own], values: "center-mask" };
  }
  const wanted = shape ?? of.shape.map((n, axis) => (typeof n === "string" && axis === 0 ? "batch" : n));
  const free = wanted.find((n) => typeof n === "string" && n !== "batch");
  if (free !== undefined)
    throw fail(`takes ${said(of.shape)} in input ${name}; give "shape" of its constant in extraInputs`);
  const dims = (count: number) => wanted.map((n) => (typeof n === "number" ? n : count));
  const one = dims(1).reduce((a, b) => a * b, 1);
  if (wanted.indexOf("batch") !== wanted.lastIndexOf("batch"))
    throw fail(
      `names the batch twice in "shape" of input ${name}, which has one such axis; correct extraInputs`,
    );
  // Values behind the axis of the batch, which are repeated as a whole.
  const run = wanted.slice(wanted.indexOf("batch") + 1).reduce<number>((a, n) => a * (n as number), 1);
  if (typeof value !== "number" && value.length !== one)
    throw fail(
      `takes ${one} value${one === 1 ? "" : "s"} in input ${name}, and its constant has ${value.length}; correct extraInputs`,
    );
  return {
    name,
    type: of.type,
    dims,
    values: (count) => {
      const all = dims(count).reduce((a, b) => a * b, 1);
      const times = all / one;
      return Float32Array.from({ length: all }, (_, i) =>
        typeof value === "number" ? value : value[Math.floor(i / (run * times)) * run + (i % run)],
      );
    },
  };
}

function said(shape: readonly (number | string)[]): string {
  return shape.length === 0 ? "one value" : shape.map((n) => n || "?").join(" x ");
}
