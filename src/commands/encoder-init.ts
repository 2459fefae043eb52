import type { Command } from "commander";
import { initEncoder } from "../encode/onnx/draft.ts";
import { list, whole } from "./options.ts";
import { print, printJson } from "./output.ts";

interface InitFlags {
  readonly out?: string;
  readonly channels?: readonly string[];
  readonly cells?: string;
  readonly size?: number;
  readonly name?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function configure(command: Command): void {
  command
    .command("init <model>")
    .summary("Draft the description of an ONNX network")
    .description(
      "Drafts the description (NAME.json) of an ONNX network from its file: inputs, layout, size, outputs, tokens and " +
        "weights as they are, and the usual preprocessing. Says line by line what it read and what it guessed; " +
        "correct the guesses in the file.",
    )
    .option(
      "--channels <names>",
      "channels of your cells in the network's order: DNA,ER (repeat one for RGB)",
      list,
    )
    .option("--cells <store>", "cell store whose channels it takes, in their order")
    .option("--size <pixels>", "height and width, where the network leaves them open", whole(1, 4096))
    .option("--name <name>", "name of the encoder (the file's if not given)")
    .option("--out <file>", "where the description goes (NAME.json beside the model if not given)")
    .option("--force", "replace a description that is there")
    .option("--json", "print what was written as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText("after", "\nExample:\n  cellswap encoder init dino.onnx --channels DNA,DNA,DNA")
    .action(runInit);
}

async function runInit(model: string, flags: InitFlags): Promise<void> {
  const { json = false, ...options } = flags;
  const { path, description, said } = await initEncoder(model, options);
  if (json) printJson({ path, description, said });
  else
    print(
      [
        ...said.map(({ how, text }) => `${how.padEnd(7)}  ${text}`),
        `Wrote ${path}. Look at what was guessed; what a model was trained with stands in its paper or code.`,
        `Use it in a study file as ${JSON.stringify(path)}.`,
      ].join("\n"),
    );
}
