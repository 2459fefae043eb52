import { type Command, InvalidArgumentError, Option } from "commander";
import { DataError } from "../errors.ts";
import { AGGREGATIONS, type Aggregation, resultTable } from "../evidence/tables.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { localizationSvg } from "../report/figures/localizations.ts";
import { formatJson, formatMarkdown, formatText, formatTidyCsv } from "../report/table-format.ts";
import { readResults } from "../study/read.ts";
import { visibleLines } from "../visible.ts";

const FORMATS = {
  text: formatText,
  markdown: formatMarkdown,
  csv: formatTidyCsv,
  json: formatJson,
} as const;

interface TableOptions {
  aggregation: Aggregation;
  format: keyof typeof FORMATS;
  json?: boolean;
  figure?: string;
  out?: string;
}

/** `cellswap table RESULTS`: Table 1 with its errors, the drops, and Figure 2. */
export function configure(command: Command): void {
  command
    .argument(
      "<RESULTS>",
      "study folder, or folder with the authors' result tables (results_base.csv, results_mask.csv, results_same.csv, results_diff.csv, results_batch.csv), or a folder with one such folder per encoder",
    )
    .addOption(
      new Option(
        "--aggregation <how>",
        "even: every row, both classes; published: the paper's tables to the digit",
      )
        .choices(AGGREGATIONS)
        .default("even"),
    )
    .addOption(
      new Option("--format <format>", "how the table is printed")
        .choices(Object.keys(FORMATS))
        .default("text"),
    )
    .option("--json", "the same as --format json")
    .option(
      "--figure <FILE.svg>",
      "also draw accuracy per localization, original against modified (Figure 2)",
      fileName,
    )
    .option("--out <FILE>", "write the table to a file instead of printing it", fileName)
    .addHelpText("after", "\nExample:\n  cellswap table study/ --format markdown --figure figure2.svg")
    .action(async (results: string, options: TableOptions) => {
      const table = resultTable(await readResults(results), options.aggregation);
      const text = FORMATS[options.json === true ? "json" : options.format](table);
      if (options.figure !== undefined) drawFigure(options.figure, localizationSvg(table));
      if (options.out === undefined)
        process.stdout.write(options.format === "csv" ? text : visibleLines(text));
      else writeFileAtomic(options.out, text);
    });
}

function fileName(text: string): string {
  if (text === "" || /[/\\]$/.test(text)) throw new InvalidArgumentError("A file name is needed.");
  return text;
}

function drawFigure(path: string, svg: string | null): void {
  if (svg === null)
    throw new DataError(
      "was not drawn: the figure needs the setting original and one of same, different, masked, cell-free; leave out --figure",
      { path },
    );
  writeFileAtomic(path, svg);
}
