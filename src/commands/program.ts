import type { CommandFile } from "../encode/command/file.ts";
import { commandLine } from "../encode/command/program.ts";

type Program = Pick<CommandFile, "folder" | "files" | "description">;

/** What an encoder starts, where, and the files that its features depend on. */
export function programLines({ folder, files, description }: Program): string[] {
  const { command, processes } = description;
  return [
    `encoder ${description.name} starts a program${processes > 1 ? `, ${processes} times` : ""}: ${commandLine(command)}`,
    `  in ${folder}`,
    `  files: ${files.length === 0 ? "none, so that no change of it is noticed" : files.map((f) => `${f.name} (SHA-256 ${f.sha256.slice(0, 12)}...)`).join(", ")}`,
  ];
}

/** What a program is sent and what it answers. */
export function exchangeLines({ description }: Program): string[] {
  const { input, batch, preprocess, outputs, seconds } = description;
  const image = [input.channels.length, input.height, input.width];
  const dims = input.layout === "NCHW" ? image : [...image.slice(1), image[0]];
  return [
    `  it gets: ${[batch, ...dims].join(" x ")} float32 (${input.channels.join(", ")})${input.masks ? `, then ${batch} x ${input.height} x ${input.width} uint8 (1: center cell)` : ""}`,
    `  preprocessing: ${preprocess.length === 0 ? "none" : preprocess.map((s) => s.step).join(", ")}`,
    "  it gives:",
    ...outputs.map((o) => `    ${o.output}: ${o.layout}${o.pool === "none" ? "" : `, pooled by ${o.pool}`}`),
    `  it may take ${seconds.start} s to its first features, ${seconds.batch} s for every other batch`,
  ];
}
