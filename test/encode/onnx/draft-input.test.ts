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
