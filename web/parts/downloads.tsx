import { useState } from "react";
import { fileName } from "../../src/explore/file-name.ts";
import { type CsvRows, csvText } from "../../src/report/csv.ts";
import type { FigureOptions, LegendItem } from "../../src/report/figures/svg.ts";
import { useStudy } from "../state.ts";
import { download } from "./download.ts";
import { fileSvg, pngOf } from "./drawing.ts";

interface Props {
  /** Of the figure or table, in file names. */
  readonly name: string;
  /** What is taken away, for screen readers. */
  readonly about: string;
  /** Encoder in the file's name; null where it holds several. */
  readonly encoder: string | null;
  readonly figure?: FigureOptions;
  readonly legend?: readonly LegendItem[];
  /** Made when they are asked for. */
  readonly rows?: () => CsvRows;
}

/** Buttons that save a figure as SVG and PNG and its numbers as CSV, with all digits. */
export function Downloads({ name, about, encoder, figure, legend, rows }: Props) {
  const { study } = useStudy();
  const [wrong, setWrong] = useState<string | null>(null);
  const file = (ending: string) => fileName([study.about.title, encoder, name], ending);
  const attempt = (make: () => void | Promise<void>) => async () => {
    setWrong(null);
    try {
      await make();
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  const kinds: [string, () => void | Promise<void>][] = [];
  if (figure !== undefined)
    kinds.push(
      ["SVG", () => download(file("svg"), fileSvg(figure, legend), "image/svg+xml")],
      ["PNG", async () => download(file("png"), await pngOf(fileSvg(figure, legend)), "image/png")],
    );
  if (rows !== undefined) kinds.push(["CSV", () => download(file("csv"), csvText(rows()), "text/csv")]);
  return (
    <p className="downloads">
      {kinds.map(([kind, make]) => (
        <button key={kind} type="button" aria-label={`Save ${about} as ${kind}`} onClick={attempt(make)}>
          {kind}
        </button>
      ))}
      {wrong === null ? null : (
        <span className="error" role="alert">
          {" "}
          {wrong}
        </span>
      )}
    </p>
  );
}
