import type { OnnxDescription } from "../encode/description.ts";
import type { OnnxValue } from "../encode/onnx/model.ts";
import type { ShownOnnx } from "../encode/onnx/show.ts";

/** What an ONNX file holds, and what its description says, as lines. */
export function onnxLines(shown: ShownOnnx, tensors: boolean): string[] {
  const { model, weights, batch, half, faults, description } = shown;
  const operators = Object.entries(model.operators).map(([name, count]) => `${name} ${count}`);
  return [
    `${shown.path}: ONNX model${model.producer === "" ? "" : ` by ${model.producer}`}, operator set ${model.opset}, ${model.parameters} weights`,
    `  nodes: ${operators.join(", ")}`,
    `  SHA-256: ${shown.hash}`,
    ...weights.map(({ name, bytes }) => `  weights in ${name} (${bytes} bytes)`),
    ...(batch === null ? [] : [`  batches of ${batch}`]),
    ...(half ? ["  half precision: one input at a time"] : []),
    "inputs:",
    ...columns(model.inputs.map(cells)),
    "outputs:",
    ...columns(model.outputs.map(cells)),
    ...(tensors ? ["tensors inside:", ...columns(shown.tensors.map(cells))] : []),
    ...faults.map((fault) => `no encoder: ${fault}`),
    ...(description === null
      ? ["No description (.json) beside it; `cellswap encoder init` drafts one (docs/study.md)."]
      : described(description)),
  ];
}

function cells({ name, type, shape }: OnnxValue): string[] {
  const said = shape === null ? "shape not said" : shape.length === 0 ? "one value" : shape.join(" x ");
  return [name, type === "?" ? "type not said" : type, said];
}

function described(description: OnnxDescription): string[] {
  const { input, extraInputs = [] } = description;
  return [
    `encoder ${description.name}${description.title === undefined ? "" : `: ${description.title}`}`,
    `  channels: ${input.channels.join(", ")}, ${input.height} x ${input.width} px`,
    ...extraInputs.map(({ name, value }) => `  further input ${name}: ${[value].flat().join(", ")}`),
    "  preprocessing:",
    ...description.preprocess.map((step, n) => `    ${n + 1}. ${step.step} ${settings(step)}`.trimEnd()),
    "  features:",
    ...description.outputs.map((o) => `    ${o.output}: ${o.layout}${form(o)}`),
    ...(description.source === undefined ? [] : [`  source: ${description.source}`]),
    ...(description.citation === undefined ? [] : [`  cite: ${description.citation}`]),
  ];
}

function form({ pool, grid, prefix }: OnnxDescription["outputs"][number]): string {
  return [
    pool === "none" ? "" : `, pooled by ${pool}`,
    grid === undefined ? "" : `, ${grid.join(" x ")} patches`,
    prefix === undefined ? "" : `, ${prefix} tokens before the patches`,
  ].join("");
}

function settings(step: object): string {
  return Object.entries(step)
    .filter(([key]) => key !== "step")
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    .join(", ");
}

/** Rows as left-aligned columns, indented by two. */
export function columns(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((r) => r[c].length)));
  return rows.map((r) => `  ${r.map((cell, c) => cell.padEnd(widths[c])).join("  ")}`.trimEnd());
}
