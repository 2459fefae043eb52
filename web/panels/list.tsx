import { useState } from "react";
import { fileName } from "../../src/explore/file-name.ts";
import { cellListText } from "../../src/explore/list.ts";
import { float32Header, napariScript } from "../../src/explore/napari.ts";
import { type Everything, useEverything } from "../data/rows.ts";
import { setList, toggleListed, useList } from "../list.ts";
import { useLook } from "../parts/crop-picture.tsx";
import { download } from "../parts/download.ts";
import { go, useStudy } from "../state.ts";
import { nameOf } from "./cell/settings.tsx";

/** Bytes of composites that the page makes for a download. */
const MOST = 512 * 2 ** 20;

/** The cells that were put on the list, and what can be taken along of them. */
export function ListPanel() {
  const ids = useList();
  return ids.length === 0 ? null : <Listed ids={ids} />;
}

function Listed({ ids }: { ids: readonly string[] }) {
  const of = useEverything();
  const { study } = useStudy();
  const look = useLook(study.about);
  const [state, setState] = useState<string | null>(null);
  const { cells, composites, classes } = of;
  const known = ids.flatMap((id) => cells.rowOf.get(id) ?? []);
  const rows = known.flatMap((c) =>
    Array.from(composites.rowsOf.subarray(composites.starts[c], composites.starts[c + 1])),
  );
  const { channels, height, width, count, masks } = study.about.crops;
  const named = (what: string, ending: string) => fileName([study.about.title, what], ending);
  const file = named("composites", "npy");
  const bytes = rows.length * channels.length * height * width * 4;

  const saveScript = () =>
    download(
      named("napari", "py"),
      napariScript({
        title: study.about.title,
        channels,
        colors: look.channels.map((c) => c.color),
        count,
        height,
        width,
        masks: masks !== "none",
        cells: known.map((c) => ({ row: c, id: cells.id[c], class: classes[cells.class[c]] ?? "no class" })),
        composites: rows.map((row) => ({
          cell: known.indexOf(composites.cell[row]),
          label: labelOf(of, row),
        })),
        file,
      }),
      "text/x-python",
    );
  const saveComposites = async () => {
    try {
      const pictures = await study.pictures;
      const parts: BlobPart[] = [float32Header([rows.length, channels.length, height, width])];
      for (const row of rows) {
        const { pixels } = await pictures.ask(row).done;
        parts.push(pixels.slice());
        setState(`${parts.length - 1} of ${rows.length} composites made`);
      }
      download(file, parts, "application/octet-stream");
      setState(null);
    } catch (error) {
      setState((error as Error).message);
    }
  };

  return (
    <section className="panel list" aria-label="List">
      <h3>
        List of {ids.length.toLocaleString("en")} {ids.length === 1 ? "cell" : "cells"}
      </h3>
      <ul className="chips">
        {ids.map((id) => (
          <li key={id}>
            <button type="button" onClick={() => go({ cell: id, on: null })}>
              {id}
              {cells.rowOf.has(id) ? "" : " (not in this study)"}
            </button>
            <button type="button" aria-label={`Take ${id} off the list`} onClick={() => toggleListed(id)}>
              ×
            </button>
          </li>
        ))}
      </ul>
      <p className="buttons">
        <button type="button" onClick={() => download(named("cells", "txt"), cellListText(ids))}>
          Cell list
        </button>
        <button type="button" disabled={known.length === 0} onClick={saveScript}>
          napari script
        </button>
        <button
          type="button"
          disabled={rows.length === 0 || bytes > MOST || state?.endsWith("made")}
          onClick={saveComposites}
        >
          Composites (.npy)
        </button>
        <button type="button" onClick={() => setList([])}>
          Empty the list
        </button>
      </p>
      <p className="soft">
        {state ??
          (bytes > MOST
            ? `Composites of these cells are ${Math.round(bytes / 2 ** 20).toLocaleString("en")} MiB, more than a page should make: use cellswap export composites.`
            : `The cell list is what a study takes as cellList. The script opens crops, masks and, where ${file} lies beside it, composites.`)}
      </p>
    </section>
  );
}

/** What a composite shows and what it is called. */
function labelOf(of: Everything, row: number): string {
  const { predictions: p, classes } = of;
  const called = p === null ? undefined : classes[p.prediction[row]];
  return `${nameOf(of, row)}${called === undefined ? "" : `, called ${called} (${p!.probability[row].toFixed(2)})`}`;
}
