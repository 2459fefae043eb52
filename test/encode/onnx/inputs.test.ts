import { expect, test } from "vitest";
import type { OnnxFile } from "../../../src/encode/onnx/file.ts";
import { planFeeds } from "../../../src/encode/onnx/inputs.ts";

/** Values of a constant for three inputs. */
function constant(value: number | number[], shape: (number | "batch")[], of: (number | string)[]) {
  const description = {
    input: { name: "x", channels: ["A"], height: 4, width: 4, layout: "NCHW" },
    extraInputs: [{ name: "c", value, shape }],
  };
  const { feeds } = planFeeds(
    { path: "net.json", modelPath: "net.onnx", description } as unknown as OnnxFile,
    [
      { name: "x", type: "float32", shape: ["n", 1, 4, 4] },
      { name: "c", type: "float32", shape: of },
    ],
  );
  const { values, dims } = feeds[1];
  if (typeof values === "string") throw new Error("not a constant");
  return { dims: dims(3), values: [...values(3)] };
}

test("a constant is repeated for each input along the axis of the batch, wherever that is", () => {
  expect(constant([7, 8], ["batch", 2], ["n", 2])).toEqual({ dims: [3, 2], values: [7, 8, 7, 8, 7, 8] });
  expect(constant([7, 8], [2, "batch"], [2, "n"])).toEqual({ dims: [2, 3], values: [7, 7, 7, 8, 8, 8] });
  expect(constant([1, 2, 3, 4], [2, "batch", 2], [2, "n", 2])).toEqual({
    dims: [2, 3, 2],
    values: [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4],
  });
  expect(constant([7, 8], [2], [2])).toEqual({ dims: [2], values: [7, 8] });
  expect(() => constant([7], ["batch", "batch"], ["n", "n"])).toThrow('names the batch twice in "shape"');
});
