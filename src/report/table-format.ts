import { formatFloat } from "../core/format.ts";
import { EFFECTS, type EncoderTable, type ResultTable } from "../evidence/tables.ts";
import { guarded } from "../files/formula.ts";
import { SETTINGS, type Setting } from "../settings.ts";

/** `0.713 ± 0.029`; without an error the mean alone; a dash where there is no number. */
function formatAccuracy(value: { mean: number; error: number | null } | undefined): string {
  if (value === undefined) return "–";
  return value.error === null
    ? value.mean.toFixed(3)
    : `${value.mean.toFixed(3)} ± ${value.error.toFixed(3)}`;
}

/** A difference of accuracies in percentage points with its sign: `+12.1 ± 2.0`. */
export function formatDrop(value: { mean: number; error: number | null } | undefined): string {
  if (value === undefined) return "–";
  return value.error === null
    ? formatPoints(value.mean)
    : `${formatPoints(value.mean)} ± ${(100 * value.error).toFixed(1)}`;
}

/** A difference of accuracies (-1..1) as percentage points with a sign, one decimal; a true minus, no negative zero. */
export function formatPoints(difference: number): string {
  const points = (100 * difference).toFixed(1);
  if (Number(points) === 0) return "0.0";
  return points.startsWith("-") ? `−${points.slice(1)}` : `+${points}`;
}

/** Table 1 and the drops as rows of text, first row the header: setting or effect, then one column per encoder. */
function tableRows(table: ResultTable): { settings: string[][]; drops: string[][] } {
  const names = table.encoders.map((e) => e.encoder);
  const has = (id: string) => (e: EncoderTable) =>
    e.settings.some((s) => s.setting === id) || e.drops.some((d) => d.effect === id);
  const settings = SETTINGS.filter((s) => table.encoders.some(has(s)));
  const effects = EFFECTS.filter((effect) => table.encoders.some(has(effect.id)));
  return {
    settings: [
      ["setting", ...names],
      ...settings.map((s: Setting) => [
        s,
        ...table.encoders.map((e) => formatAccuracy(e.settings.find((own) => own.setting === s))),
      ]),
    ],
    drops: [
      ["effect", "from", "to", ...names],
      ...effects.map((effect) => [
        effect.name,
        effect.from,
        effect.to,
        ...table.encoders.map((e) => formatDrop(e.drops.find((d) => d.effect === effect.id))),
      ]),
    ],
  };
}

/** What the numbers are, for below a table. */
function tableCaption(table: ResultTable): { settings: string; drops: string } {
  return {
    settings: `Accuracy of the pairwise probes (0 to 1, chance 0.5): mean over classes of the per-class means ± 3 standard errors over classes; ${table.aggregation} aggregation.`,
    drops:
      "Drops in percentage points of accuracy: mean over the classes that both settings have of the per-class differences ± 3 standard errors over classes; + means that accuracy falls.",
  };
}

/** Notes on gaps, one line each. */
function tableNotes(table: ResultTable): string[] {
  return table.encoders.flatMap((e) => e.notes.map((note) => `${e.encoder}: ${note}`));
}

/** Columns padded to one width (by characters), two spaces between them. */
function align(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => [...row[c]].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => cell + " ".repeat(widths[c] - [...cell].length))
      .join("  ")
      .trimEnd();
  return [line(rows[0]), widths.map((w) => "-".repeat(w)).join("  "), ...rows.slice(1).map(line)];
}

/** Encoders that fit side by side; more (the layers of a sweep) stand one below the other. */
const WIDE = 6;

function turned(rows: readonly string[][]): string[][] {
  return rows[0].map((_, c) => rows.map((row, r) => (r === 0 && c === 0 ? "encoder" : row[c])));
}

/** For a terminal: aligned tables with units and explanations. */
export function formatText(table: ResultTable): string {
  const clean = (rows: string[][]) => rows.map((row) => row.map(oneLine));
  const { settings, drops } = tableRows(table);
  const caption = tableCaption(table);
  const meanings = EFFECTS.filter((e) => drops.some((row) => row[0] === e.name));
  const longest = Math.max(0, ...meanings.map((e) => e.name.length));
  const many = table.encoders.length > WIDE;
  const shown = (rows: string[][]) => align(clean(many ? turned(rows) : rows));
  const lines = [...wrap(caption.settings), "", ...shown(settings)];
  if (drops.length > 1)
    lines.push(
      "",
      ...wrap(caption.drops),
      "",
      ...shown(many ? drops.map(([effect, , , ...values]) => [effect, ...values]) : drops),
      "",
      ...meanings.flatMap((e) => wrap(e.meaning, `${e.name.padEnd(longest)}  `)),
    );
  const notes = tableNotes(table).flatMap((note) => wrap(oneLine(note)));
  if (notes.length > 0) lines.push("", ...notes);
  return `${lines.join("\n")}\n`;
}

/** Lines of at most 80 characters, longer ones only for a longer word; `lead` stands in front, blanks below it. */
export function wrap(text: string, lead = ""): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && lead.length + last.length + 1 + word.length <= 80)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, n) => (n === 0 ? lead : " ".repeat(lead.length)) + line);
}

/** Control characters in names must not reach a terminal or break a row. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

/** Markdown tables (GitHub flavor). */
export function formatMarkdown(table: ResultTable): string {
  const cell = (text: string) => oneLine(text).replace(/[\\|`*_<>[\]]/g, "\\$&");
  const row = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const grid = (rows: readonly string[][]) => [
    row(rows[0]),
    `|${" --- |".repeat(rows[0].length)}`,
    ...rows.slice(1).map(row),
  ];
  const { settings, drops } = tableRows(table);
  const caption = tableCaption(table);
  const lines = [...grid(settings), "", caption.settings];
  if (drops.length > 1) lines.push("", ...grid(drops), "", caption.drops);
  for (const note of tableNotes(table)) lines.push("", cell(note));
  return `${lines.join("\n")}\n`;
}

/**
 * Tidy CSV, full precision: encoder, kind (`setting`, `drop`), name, class (empty: over classes), value (accuracy
 * 0..1, or a difference of them), three_standard_errors (empty where not known), classes (number averaged).
 */
export function formatTidyCsv(table: ResultTable): string {
  const rows = [["encoder", "kind", "name", "class", "value", "three_standard_errors", "classes"]];
  const error = (value: number | null) => (value === null ? "" : formatFloat(value));
  for (const e of table.encoders) {
    for (const s of e.settings) {
      rows.push([
        e.encoder,
        "setting",
        s.setting,
        "",
        formatFloat(s.mean),
        error(s.error),
        `${s.classes.length}`,
      ]);
      for (const c of s.classes)
        rows.push([e.encoder, "setting", s.setting, c.class, formatFloat(c.accuracy), "", ""]);
    }
    for (const d of e.drops) {
      rows.push([
        e.encoder,
        "drop",
        d.effect,
        "",
        formatFloat(d.mean),
        error(d.error),
        `${d.classes.length}`,
      ]);
      for (const c of d.classes)
        rows.push([e.encoder, "drop", d.effect, c.class, formatFloat(c.drop), "", ""]);
    }
  }
  return formatCsvRows(rows);
}

function formatCsvRows(rows: readonly string[][]): string {
  const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map((text) => quoted(guarded(text))).join(",")}\n`).join("");
}

/** The table as JSON, full precision, accuracies 0..1. */
export function formatJson(table: ResultTable): string {
  const errors = "three standard errors over classes, ddof 1";
  return `${JSON.stringify({ unit: "accuracy, 0 to 1", error: errors, ...table }, null, 2)}\n`;
}
