import { use, useEffect, useMemo, useRef, useState } from "react";
import { fileName } from "../../../src/explore/file-name.ts";
import { isFlipped } from "../../../src/explore/filter.ts";
import { type Look, paint } from "../../../src/explore/look.ts";
import { overBackgrounds } from "../../../src/explore/subject.ts";
import type { Picture } from "../../data/pictures.ts";
import type { Everything } from "../../data/rows.ts";
import { useLook } from "../../parts/crop-picture.tsx";
import { download } from "../../parts/download.ts";
import { useStudy } from "../../state.ts";
import { nameOf } from "./settings.tsx";

/** How long a frame is shown, ms. */
const SHOWN = 900;
/** Side of the crop in a frame, about, px, and height of what is written under it. */
const SIDE = 320;
const WRITTEN = 44;

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** The cell over its backgrounds, one after the other; downloads as an animated picture. */
export function Strip({ of, cell }: { of: Everything; cell: number }) {
  const rows = useMemo(() => overBackgrounds(of, of.composites, cell), [of, cell]);
  const [open, setOpen] = useState(false);
  if (rows.length < 2) return null;
  return (
    <details className="display strip" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>Over its backgrounds, animated</summary>
      {open ? <Frames of={of} rows={rows} name={of.cells.id[cell]} /> : null}
    </details>
  );
}

function Frames({ of, rows, name }: { of: Everything; rows: readonly number[]; name: string }) {
  const { study } = useStudy();
  const look = useLook(study.about);
  const { width, height } = study.about.crops;
  const zoom = Math.max(1, Math.round(SIDE / width));
  const size = { width: width * zoom, height: height * zoom + WRITTEN };
  const { made, error } = useAll(rows);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(!still.matches);
  const [said, say] = useState("");
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!playing || made.length < rows.length) return;
    const timer = setInterval(() => setAt((now) => (now + 1) % rows.length), SHOWN);
    return () => clearInterval(timer);
  }, [playing, made.length, rows.length]);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context != null && made[at] !== undefined)
      draw(context, { of, row: rows[at], name, picture: made[at], look, width, height, zoom });
  }, [of, made, rows, at, name, look, width, height, zoom]);

  const save = async () => {
    say("Writing …");
    try {
      const { encode } = await import("modern-gif");
      const frame = document.createElement("canvas");
      Object.assign(frame, size);
      const context = frame.getContext("2d", { willReadFrequently: true })!;
      const frames = rows.map((row, i) => {
        draw(context, { of, row, name, picture: made[i], look, width, height, zoom });
        return { data: context.getImageData(0, 0, size.width, size.height).data, delay: SHOWN };
      });
      download(fileName([name], "gif"), await encode({ ...size, frames, format: "blob" }), "image/gif");
      say("");
    } catch (failed) {
      say((failed as Error).message);
    }
  };

  const ready = made.length === rows.length;
  return (
    <>
      <canvas ref={canvas} {...size} role="img" aria-label={`${name}, ${nameOf(of, rows[at])}`} />
      <label className="row">
        <span>
          {at + 1} of {rows.length}
        </span>
        <input
          type="range"
          min={0}
          max={rows.length - 1}
          value={at}
          onChange={(e) => {
            setPlaying(false);
            setAt(Number(e.target.value));
          }}
        />
      </label>
      <p className="buttons">
        <button type="button" disabled={!ready} onClick={() => setPlaying(!playing)}>
          {playing ? "Stop" : "Play"}
        </button>
        <button type="button" disabled={!ready || said !== ""} onClick={save}>
          Save as GIF
        </button>
        <span className="soft" role="status">
          {error ?? (ready ? said : `${made.length} of ${rows.length} composites made`)}
        </span>
      </p>
    </>
  );
}

/** Composites one after the other, as far as they are made, and why there are no more. */
function useAll(rows: readonly number[]): { made: readonly Picture[]; error: string | null } {
  const { study } = useStudy();
  const pictures = use(study.pictures);
  const [state, setState] = useState<{ made: Picture[]; error: string | null }>({ made: [], error: null });
  useEffect(() => {
    let wanted = true;
    const asked = rows.map((row) => pictures.ask(row));
    setState({ made: [], error: null });
    (async () => {
      try {
        for (const { done } of asked) {
          const picture = await done;
          if (!wanted) return;
          setState(({ made }) => ({ made: [...made, picture], error: null }));
        }
      } catch (error) {
        if (wanted) setState(({ made }) => ({ made, error: (error as Error).message }));
      }
    })();
    for (const { done } of asked) done.catch(() => {});
    return () => {
      wanted = false;
      for (const { leave } of asked) leave();
    };
  }, [pictures, rows]);
  return state;
}

interface Frame {
  readonly of: Everything;
  readonly row: number;
  readonly name: string;
  readonly picture: Picture;
  readonly look: Look;
  readonly width: number;
  readonly height: number;
  readonly zoom: number;
}

/** Draws a composite with its setting, and what it is called, under it. */
function draw(context: CanvasRenderingContext2D, frame: Frame): void {
  const { of, row, name, picture, look, width, height, zoom } = frame;
  const image = new ImageData(width, height);
  paint(picture.pixels, look, picture.ranges, image.data);
  const small = new OffscreenCanvas(width, height);
  small.getContext("2d")!.putImageData(image, 0, 0);
  const [wide, high] = [width * zoom, height * zoom];
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#000";
  context.fillRect(0, 0, wide, high + WRITTEN);
  context.drawImage(small, 0, 0, wide, high);
  const p = of.predictions;
  const called = p === null ? undefined : of.classes[p.prediction[row]];
  const flipped = p !== null && isFlipped(row, of, p.prediction);
  context.fillStyle = "#fff";
  context.font = "600 15px system-ui, sans-serif";
  context.fillText(nameOf(of, row), 8, high + 18, wide - 16);
  context.font = "13px system-ui, sans-serif";
  context.fillStyle = flipped ? "#f0914a" : "#ccc";
  const says =
    called === undefined
      ? ""
      : `${flipped ? "flipped: " : "called "}${called} ${p!.probability[row].toFixed(2)}`;
  context.fillText(says === "" ? name : `${name}, ${says}`, 8, high + 36, wide - 16);
}
