import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { SORTS, type Sort } from "../../src/explore/url.ts";
import { type Everything, useEverything, useRows } from "../data/rows.ts";
import { settingOf } from "../data/study.ts";
import { CropPicture, rangesOf } from "../parts/crop-picture.tsx";
import { go, useStudy, useView } from "../state.ts";

const SORT_NAMES: Record<Sort, string> = {
  "margin-change": "margin lost against the original",
  influence: "what the neighbors alone did to the margin",
  margin: "margin, least first",
  lent: "probability of the background's class",
  neighbors: "neighbors' area",
  id: "cell",
};

/** Side of a tile, px. */
const TILE = 112;

/** A wall of composites. */
export function CellsTab() {
  const of = useEverything();
  const { sort } = useView();
  const rows = useRows(of, sort);
  const wall = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => setWidth(wall.current?.clientWidth ?? 0));
    watch.observe(wall.current!);
    return () => watch.disconnect();
  }, []);
  const across = Math.max(1, Math.floor(width / TILE));
  const lines = useVirtualizer({
    count: Math.ceil(rows.length / across),
    getScrollElement: () => wall.current,
    estimateSize: () => TILE + 34,
    overscan: 2,
  });
  return (
    <>
      <p className="above">
        <label>
          Sorted by{" "}
          <select value={sort} onChange={(e) => go({ sort: e.target.value as Sort })}>
            {SORTS.map((s) => (
              <option key={s} value={s}>
                {SORT_NAMES[s]}
              </option>
            ))}
          </select>
        </label>{" "}
        <output>{rows.length.toLocaleString("en")} composites</output>
      </p>
      <div ref={wall} className="wall">
        <div style={{ height: lines.getTotalSize(), position: "relative" }}>
          {lines.getVirtualItems().map((line) => (
            <div key={line.key} className="line" style={{ transform: `translateY(${line.start}px)` }}>
              {Array.from(rows.subarray(line.index * across, (line.index + 1) * across), (row) => (
                <Tile key={row} row={row} of={of} />
              ))}
            </div>
          ))}
        </div>
      </div>
    </>
  );
}

function Tile({ row, of }: { row: number; of: Everything }) {
  const { study } = useStudy();
  const { cell: chosen } = useView();
  const [pixels, setPixels] = useState<Float32Array | null>(null);
  const { composites, cells, predictions, classes } = of;
  const cell = composites.cell[row];
  useEffect(() => {
    let wanted = true;
    study.crops
      .then((crops) => crops.composite(composites, row))
      .then((made) => wanted && setPixels(made))
      .catch(() => {});
    return () => {
      wanted = false;
    };
  }, [study, composites, row]);
  const id = cells.id[cell];
  const called = predictions === null ? -1 : predictions.prediction[row];
  const label = `${id}, ${settingOf(composites.setting[row])}${called < 0 ? "" : `, called ${classes[called]}`}`;
  return (
    <button
      type="button"
      className="tile"
      style={{ width: TILE }}
      aria-pressed={id === chosen}
      onClick={() => go({ cell: id })}
    >
      {pixels === null ? (
        <span className="empty" style={{ height: TILE - 8 }} />
      ) : (
        <CropPicture
          pixels={pixels}
          about={study.about}
          ranges={rangesOf(pixels, study.about.crops.channels.length)}
          label={label}
          zoom={(TILE - 8) / study.about.crops.width}
        />
      )}
      <span className="caption">{called < 0 ? id : classes[called]}</span>
    </button>
  );
}
