import { Argument, type Command, Option } from "commander";
import { checkShown } from "../encode/onnx/show.ts";
import { openDeepLoc } from "../encode/published/deeploc.ts";
import { type ImportedEncoder, importPublished, type Published } from "../encode/published/import.ts";
import { POOLS, type PublishedPool } from "../encode/published/network.ts";
import { openPci } from "../encode/published/pci.ts";
import { openPifia } from "../encode/published/pifia.ts";
import { type Shown, showEncoder } from "../encode/published/show.ts";
import { configure as configureInit } from "./encoder-init.ts";
import { configure as configureTry } from "./encoder-try.ts";
import { columns, onnxLines } from "./onnx-lines.ts";
import { print, printJson } from "./output.ts";
import { exchangeLines, programLines } from "./program.ts";

const SYSTEMS: Readonly<Record<string, (source: string) => Published | Promise<Published>>> = {
  pifia: openPifia,
  pci: openPci,
  deeploc: openDeepLoc,
};

interface ImportFlags {
  readonly out: string;
  readonly layer?: string;
  readonly pool: PublishedPool;
  readonly name?: string;
  readonly json?: boolean;
}

export function configure(command: Command): void {
  command
    .usage("import|init|show|try ... [options]")
    .addHelpText(
      "after",
      "\nExample:\n  cellswap encoder import pifia weights/pifia_weights_i0 --out encoders",
    );
  command
    .command("import")
    .addArgument(new Argument("<system>", "which published encoder").choices(Object.keys(SYSTEMS)))
    .argument("<source>", "its checkpoint, see above")
    .summary("Make an ONNX encoder from a published checkpoint")
    .description(
      "Makes an ONNX encoder and its description from a published checkpoint.\n\n" +
        "  pifia    TensorFlow checkpoint prefix (pifia_weights_i0)\n" +
        "           layers conv1..conv8, d1, d2, d3; study: conv8\n" +
        "  pci      Keras weights (model_weights.h5)\n" +
        "           layers conv1_1..conv5_1; study: conv4_1\n" +
        "  deeploc  TensorFlow checkpoint prefix (model.ckpt-5000)\n" +
        "           layers conv1..conv8, fc1, fc2, logits, predictions (softmax\n" +
        "           averaged over five crops); study: conv5",
    )
    .requiredOption("--out <dir>", "folder for NAME.onnx and NAME.json")
    .option("--layer <name>", "layer whose output is the features, or all (the study's layer if not given)")
    .addOption(new Option("--pool <how>", "how a feature map becomes a vector").choices(POOLS).default("max"))
    .option("--name <name>", "name of the encoder (the system's if not given)")
    .option("--json", "print what was written as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText(
      "after",
      "\nExample:\n  cellswap encoder import deeploc weights/model.ckpt-5000 --out encoders",
    )
    .action(runImport);
  configureInit(command);
  command
    .command("show <file>")
    .summary("Say what a checkpoint, Keras file or ONNX encoder holds")
    .description(
      "Says what a file holds: a TensorFlow checkpoint (every variable), Keras HDF5 weights, or an ONNX encoder. " +
        "Exit code 1 where it is damaged or no study could use it.",
    )
    .option("--tensors", "list the tensors inside an ONNX network, which outputs may name")
    .option("--json", "print it as JSON")
    .option("--debug", "show where in the program an error arose")
    .addHelpText("after", "\nExample:\n  cellswap encoder show weights/pifia_weights_i0.index")
    .action(async (file: string, flags: { json?: boolean; tensors?: boolean }) => {
      const shown = await showEncoder(file);
      if (flags.json === true) printJson(shown);
      else print(describe(shown, flags.tensors === true).join("\n"));
      if (shown.kind === "onnx") checkShown(shown);
    });
  configureTry(command);
}

async function runImport(system: string, source: string, flags: ImportFlags): Promise<void> {
  const { layer, pool, name } = flags;
  const made = importPublished(await SYSTEMS[system](source), flags.out, {
    ...(layer === undefined ? {} : { layer }),
    ...(name === undefined ? {} : { name }),
    pool,
  });
  if (flags.json === true) printJson(made);
  else print(summary(made).join("\n"));
}

function summary(made: ImportedEncoder): string[] {
  const { description, matched, converted } = made;
  return [
    "Read:",
    ...columns(matched.map(([what, variable]) => [what, variable])),
    ...(converted.length === 0 ? [] : [`Weights of type ${converted.join(", ")} were brought to float32.`]),
    `Wrote ${made.model} and ${made.path}: ${layers(description.outputs)} from ${description.input.channels.join(", ")}.`,
    `Use it in a study file as ${JSON.stringify(made.path)}.`,
  ];
}

function layers(
  outputs: readonly { readonly layer?: string | undefined; readonly output: string }[],
): string {
  const names = outputs.map((o) => o.layer ?? o.output);
  return `layer${names.length > 1 ? "s" : ""} ${names.join(", ")}`;
}

function describe(shown: Shown, tensors: boolean): string[] {
  if (shown.kind === "onnx") return onnxLines(shown, tensors);
  if (shown.kind === "command") return [...programLines(shown), ...exchangeLines(shown)];
  const shape = (s: readonly number[]) => (s.length === 0 ? "one value" : s.join(" x "));
  const hint =
    shown.network === null
      ? "None of the published encoders is recognized by its names."
      : `Looks like ${shown.network}; import it with: cellswap encoder import ${shown.network} ${shown.path} --out DIR`;
  if (shown.kind === "keras")
    return [
      `${shown.path}: Keras HDF5 weights, ${shown.arrays.length} array${shown.arrays.length === 1 ? "" : "s"}`,
      ...columns([
        ["layer", "array", "shape", "type"],
        ...shown.arrays.map((a) => [a.layer, a.name, shape(a.shape), a.dtype]),
      ]),
      hint,
    ];
  return [
    `${shown.path}: TensorFlow checkpoint, ${shown.variables.length} variables in ${shown.shards.length} shard${shown.shards.length === 1 ? "" : "s"}`,
    ...shown.shards.map(
      (s, n) => `  shard ${n}: ${s.path} ${s.bytes === null ? "is MISSING" : `(${s.bytes} bytes)`}`,
    ),
    ...columns([
      ["variable", "shape", "type", "shard", "offset (bytes)", "size (bytes)"],
      ...shown.variables.map((v) => [
        v.name,
        shape(v.shape),
        v.dtype,
        ...(v.sliced ? ["in slices", "", ""] : [String(v.shard), String(v.offset), String(v.size)]),
      ]),
    ]),
    hint,
  ];
}
