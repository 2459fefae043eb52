import { expect, test } from "vitest";
import { draftInput } from "../../../src/encode/onnx/draft-input.ts";
import type { OnnxModel } from "../../../src/encode/onnx/model.ts";

/** What is drafted for an input of some shape and crops of 48 x 80 px. */
function drafted(shape: (number | string)[], size: number | null = null) {
  const graph = { inputs: [{ name: "x", type: "float32", shape }] };
  const { input } = draftInput(
    { path: "net.onnx", graph } as unknown as OnnxModel,
    null,
    { channels: ["A", "B"], height: 48, width: 80 },
    size,
  );
  return [input.layout, input.height, input.width];
}

test("open axes get the height and the width of the crops, in either layout", () => {
  expect(drafted(["n", 2, "h", "w"])).toEqual(["NCHW", 48, 80]);
  expect(drafted(["n", "h", "w", 2])).toEqual(["NHWC", 48, 80]);
  expect(drafted(["n", 2, 32, "w"])).toEqual(["NCHW", 32, 80]);
  expect(drafted(["n", 2, "h", "w"], 64)).toEqual(["NCHW", 64, 64]);
});

test("axes tell the layout by their names where they are open", () => {
  expect(drafted(["batch", "height", "width", "channels"])).toEqual(["NHWC", 48, 80]);
  expect(drafted(["n", "c", "h", "w"])).toEqual(["NCHW", 48, 80]);
  expect(drafted(["n", "?", "?", "?"])).toEqual(["NCHW", 48, 80]);
});

test("a mask of what is no padding gets 1, not the center cell", () => {
  const inputs = [
    { name: "pixel_values", type: "float32", shape: ["n", 2, "h", "w"] },
    { name: "pixel_mask", type: "int64", shape: ["n", "h", "w"] },
    { name: "cell_mask", type: "float32", shape: ["n", 1, "h", "w"] },
  ];
  const cells = { channels: ["A", "B"], height: 48, width: 80 };
  const model = { path: "net.onnx", graph: { inputs } } as unknown as OnnxModel;
  expect(draftInput(model, null, cells, null).extraInputs).toEqual([
    { name: "pixel_mask", value: 1, shape: ["batch", 48, 80] },
    { name: "cell_mask", value: "center-mask" },
  ]);
});
