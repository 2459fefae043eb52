import { use, useCallback, useMemo, useRef, useState } from "react";
import { fileName } from "../../src/explore/file-name.ts";
import type { ViewEncoder } from "../../src/explore/format.ts";
import {
  MAP_COLORS,
  type MapColor,
  MOST_COLORED,
  mapCodes,
  OTHERS,
  STEPS,
} from "../../src/explore/map/color.ts";
import { formatLasso, inLasso, parseLasso } from "../../src/explore/map/lasso.ts";
import { stepsOf } from "../../src/explore/map/path.ts";
import { type Frame, frameOf, type Size } from "../../src/explore/map/place.ts";
import { subjectOf } from "../../src/explore/subject.ts";
import { type Everything, rowsOf, useEverything, useFilter } from "../data/rows.ts";
import { ORIGINAL } from "../data/study.ts";
import { download } from "../parts/download.ts";
import { pngOf } from "../parts/drawing.ts";
import { go, useStudy, useView } from "../state.ts";
import { Legend } from "./legend.tsx";
import { lookOf, SHAPES, styleOf, useInk } from "./look.ts";
import { Nearest } from "./neighbors.tsx";
import { Overlay } from "./overlay.tsx";
import type { Painter } from "./painter.ts";
import { MOST_SHAPES, mapSvg } from "./picture.ts";
import { Plot } from "./plot.tsx";
import { Selection } from "./selection.tsx";
import { wordsOf } from "./words.ts";
import "../style/map.css";

const COLOR_NAMES: Record<MapColor, string> = {
  class: "class of the cell",
  called: "class it is called",
  setting: "setting",
  flipped: "flipped or not",
  margin: "margin",
};
/** Colors that take predictions. */
const PREDICTED: readonly MapColor[] = ["called", "flipped", "margin"];

/** Composites on the plane that the study put them on. */
export function MapTab() {
  const of = useEverything();
  const { study, encoder } = useStudy();
  const { map } = study.about.encoders.find((e) => e.name === encoder)!;
  if (map === null)
    return (
      <p className="hint">
        There is no map for {encoder}: its axes come from crops as imaged (setting <em>original</em>), of
        which it takes three whose features differ.
      </p>
    );
  return <Mapped key={`${study.base} ${encoder}`} of={of} map={map} />;
}

type About = NonNullable<ViewEncoder["map"]>;

function Mapped({ of, map }: { of: Everything; map: About }) {
  const { study, encoder } = useStudy();
  const { color, lasso: around, cell: id, on } = useView();
  const places = use(study.map(encoder));
  const rows = rowsOf(of, useFilter(), null);
  const ink = useInk();
  const by = of.predictions === null && PREDICTED.includes(color) ? "class" : color;
  const counted = of.classes.length > MOST_COLORED ? rows : null;
  const codes = useMemo(() => mapCodes(of, by, counted), [of, by, counted]);
  const [only, setOnly] = useState<number | null>(null);
  const look = useMemo(() => lookOf(by, codes, ink, rows.length, only), [by, codes, ink, rows.length, only]);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [kept, setKept] = useState<Frame | null>(null);
  const whole = useMemo(() => (size.width > 0 ? frameOf(places, size) : null), [places, size]);
  const frame = kept ?? whole;
  const onFrame = useCallback(
    (change: (frame: Frame) => Frame) =>
      setKept((f) => (f === null && whole === null ? null : change(f ?? whole!))),
    [whole],
  );
  const [lassoing, setLassoing] = useState(false);
  const drawing = useRef<{ painter: Painter; canvas: HTMLCanvasElement } | null>(null);
  const [sampled, setSampled] = useState(Number.POSITIVE_INFINITY);
  const onPainter = useCallback((painter: Painter, canvas: HTMLCanvasElement) => {
    drawing.current = { painter, canvas };
    setSampled(painter.most);
  }, []);

  const chosen = id === null ? undefined : of.cells.rowOf.get(id);
  const subject = useMemo(
    () => (chosen === undefined ? null : subjectOf(of, of.composites, chosen, on)),
    [of, chosen, on],
  );
  const steps = useMemo(() => (subject === null ? [] : stepsOf(of, subject)), [of, subject]);
  const lasso = useMemo(() => parseLasso(around), [around]);
  const inside = useMemo(() => (lasso === null ? null : inLasso(rows, places, lasso)), [rows, places, lasso]);
  const axes = map.axes.map(
    ({ label, share }) => `${label} (${(100 * share).toFixed(share < 0.1 ? 1 : 0)} % of the variance)`,
  ) as [string, string];
  const title = `${study.about.title}: ${rows.length.toLocaleString("en")} composites, ${encoder}`;

  const over = useRef<HTMLDivElement>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const take = async (kind: "svg" | "png") => {
    if (frame === null || drawing.current === null) return;
    const paper = getComputedStyle(document.body).backgroundColor;
    const others = codes.code.includes(OTHERS) ? [OTHERS] : [];
    const legend = (
      codes.most === null ? [...codes.names.keys(), ...others] : [0, (STEPS - 1) / 2, STEPS - 1]
    ).map((code) => {
      const { color: shown, shape } = styleOf(by, code, ink);
      const name =
        (code === OTHERS ? "other classes" : codes.names[code]) ??
        `margin ${(((2 * code) / (STEPS - 1) - 1) * codes.most!).toFixed(1)}`;
      return { name, color: shown, mark: SHAPES[shape] };
    });
    const svg = mapSvg({
      ...{ title, places, rows, frame, size, look, ink, paper, legend },
      ...drawing.current,
      code: codes.code,
      setting: of.composites.setting,
      original: ORIGINAL,
      over: over.current!.querySelector("svg.over")!,
    });
    const name = fileName([study.about.title, encoder, "map"], kind);
    try {
      download(name, kind === "svg" ? svg : await pngOf(svg), "image/svg+xml");
      setWrong(null);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };

  return (
    <>
      <div className="above">
        <label>
          Colored by{" "}
          <select value={by} onChange={(e) => go({ color: e.target.value as MapColor })}>
            {MAP_COLORS.map((c) => (
              <option key={c} value={c} disabled={of.predictions === null && PREDICTED.includes(c)}>
                {COLOR_NAMES[c]}
              </option>
            ))}
          </select>
        </label>
        <label className="check">
          <input type="checkbox" checked={lassoing} onChange={(e) => setLassoing(e.target.checked)} />
          Draw a lasso
        </label>
        <button type="button" disabled={kept === null} onClick={() => setKept(null)}>
          Show all
        </button>
        <output>
          {rows.length.toLocaleString("en")} {rows.length === 1 ? "composite" : "composites"}
        </output>
        <span className="downloads">
          <button type="button" aria-label="Save the map as SVG" onClick={() => take("svg")}>
            SVG
          </button>
          <button type="button" aria-label="Save the map as PNG" onClick={() => take("png")}>
            PNG
          </button>
        </span>
      </div>
      {wrong === null ? null : (
        <p className="error" role="alert">
          {wrong}
        </p>
      )}
      <Legend {...{ by, codes, rows, ink, only }} onOnly={setOnly} />
      {rows.length > sampled ? (
        <p className="hint">
          This browser has no WebGL 2: an even sample of {sampled.toLocaleString("en")} composites is drawn,
          and the lasso and the tables take all of them.
        </p>
      ) : null}
      <div ref={over} className="plot-box">
        <Plot
          {...{ places, rows, codes, look, frame, size, onFrame, lassoing, onPainter }}
          setting={of.composites.setting}
          onSize={setSize}
          label={`Map of ${title}. Arrow keys move it, + and - bring it nearer or away, 0 shows all. The table below lists the nearest of the chosen cell.`}
          onLasso={(drawn) => {
            go({ lasso: formatLasso(drawn) });
            setLassoing(false);
          }}
          onPick={(row) => {
            const { id: picked, on: behind } = wordsOf(of, row);
            go({ cell: picked, on: behind });
          }}
          over={(shown) => (
            <>
              <Overlay {...{ ...shown, places, axes, steps, lasso }} setting={of.composites.setting} />
              {shown.hovered < 0 ? null : <Tip of={of} row={shown.hovered} />}
            </>
          )}
        />
      </div>
      <p className="hint">
        The plane of the first two principal components of {map.crops.toLocaleString("en")} crops as imaged,
        each feature standardized; other composites are put on the same plane. Distances are those on this
        plane, which shows the shares of the variance that the axes name and nothing of the rest. Originals
        are drawn full, other composites fainter
        {rows.length > MOST_SHAPES ? "; in an SVG so many places are one picture" : ""}. Drag to move, Shift
        and drag to draw a lasso, click to choose a cell.
      </p>
      {inside === null ? null : <Selection of={of} rows={inside} />}
      {subject === null || subject.rows.length === 0 ? null : (
        <Nearest {...{ of, places, rows }} row={subject.rows[0]} />
      )}
    </>
  );
}

function Tip({ of, row }: { of: Everything; row: number }) {
  const { id, own, setting, called } = wordsOf(of, row);
  return (
    <p className="tip">
      <strong>{id}</strong>, {own}
      <br />
      {setting}
      <br />
      called {called}
    </p>
  );
}
