import { memo, useEffect, useRef } from "react";
import { isFlipped } from "../../../src/explore/filter.ts";
import type { ViewState } from "../../../src/explore/url.ts";
import type { Everything } from "../../data/rows.ts";
import { settingOf } from "../../data/study.ts";
import { usePicture } from "../../data/use-picture.ts";
import { CropPicture } from "../../parts/crop-picture.tsx";
import { useStudy } from "../../state.ts";

interface Props {
  readonly row: number;
  readonly of: Everything;
  /** Where it is among all tiles of the wall. */
  readonly position: number;
  /** Longer side of its picture, px. */
  readonly side: number;
  /** Whether the cell's original stands beside it. */
  readonly beside: boolean;
  /** Background on which its cell is looked at, null for any; false where another cell is. */
  readonly chosen: string | null | false;
  /** Whether it is the one that is reached by the tab key. */
  readonly current: boolean;
  readonly takeFocus: boolean;
  readonly onFocus: (position: number) => void;
  readonly onOpen: (position: number, change: Partial<ViewState>) => void;
}

const share = (value: number) => value.toFixed(2);

/** One composite of the wall: what it shows, and what the encoder makes of it. */
export const Tile = memo(function Tile(props: Props) {
  const { row, of, position, side, beside, chosen, current, takeFocus, onFocus, onOpen } = props;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (takeFocus) button.current?.focus({ preventScroll: true });
  }, [takeFocus]);
  const { composites, cells, predictions: p, classes, originals } = of;
  const cell = composites.cell[row];
  const original = originals[cell];
  const id = cells.id[cell];
  const setting = settingOf(composites.setting[row]);
  const background = classes[composites.background[row]] ?? null;
  const own = classes[cells.class[cell]] ?? "no class";
  const called = (r: number) => (p === null || r < 0 ? null : (classes[p.prediction[r]] ?? null));
  const [before, after] = [called(original), called(row)];
  const flipped = p !== null && isFlipped(row, of, p.prediction);
  const shows = `${setting}${background === null ? "" : ` on ${background}`}`;
  const says =
    after === null
      ? "not predicted"
      : flipped
        ? `flipped from ${before} to ${after}, ${share(p!.probability[row])}`
        : `called ${after}, ${share(p!.probability[row])}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the wall
    // biome-ignore lint/a11y/useFocusableInteractive: its button is
    <div role="gridcell" className="cell-of-wall">
      <button
        ref={button}
        type="button"
        className={flipped ? "tile flipped" : "tile"}
        style={{ width: (beside ? 2 : 1) * side + 8 }}
        tabIndex={current ? 0 : -1}
        aria-pressed={chosen !== false && (background === null || chosen === null || background === chosen)}
        title={`${id} (${own})\n${shows}\n${says}`}
        onFocus={() => onFocus(position)}
        onClick={() => onOpen(position, { cell: id, on: background })}
      >
        <span className="pictures">
          {beside ? <Made row={original} side={side} /> : null}
          <Made row={row} side={side} />
        </span>
        <span className="caption id">{id}</span>
        <span className="caption">{shows}</span>
        {after === null ? (
          <span className="caption">not predicted</span>
        ) : (
          <>
            <span className="caption">{flipped ? `${before} became` : "called"}</span>
            <span className="caption called">
              {flipped ? <b aria-hidden="true">⇄ </b> : null}
              {after} {share(p!.probability[row])}
            </span>
          </>
        )}
      </button>
    </div>
  );
});

/** A composite when it is made; nothing where the study has none (-1). */
function Made({ row, side }: { row: number; side: number }) {
  const { study } = useStudy();
  const { picture, error } = usePicture(row);
  const { width, height } = study.about.crops;
  if (picture !== null)
    return (
      <CropPicture
        pixels={picture.pixels}
        ranges={picture.ranges}
        about={study.about}
        label=""
        zoom={side / Math.max(width, height)}
      />
    );
  return (
    <span className="empty" style={{ width: side, height: side }} title={error ?? undefined}>
      {error === null ? "" : "cannot be read"}
    </span>
  );
}
