import { useRef, useState } from "react";
import { isFlipped } from "../../../src/explore/filter.ts";
import type { Subject } from "../../../src/explore/subject.ts";
import type { CropReader } from "../../data/crops.ts";
import type { Everything } from "../../data/rows.ts";
import { settingOf } from "../../data/study.ts";
import { usePicture } from "../../data/use-picture.ts";
import { CropPicture } from "../../parts/crop-picture.tsx";
import { TryButton } from "../../playground/try-button.tsx";
import { useStudy, useView } from "../../state.ts";
import { Larger } from "./larger.tsx";
import { Outlines, ScaleBar } from "./overlay.tsx";

interface Props {
  readonly of: Everything;
  readonly subject: Subject;
  readonly crops: CropReader;
}

/** Side of a picture where the reader chose no zoom, px. */
const FITTING = 112;

/** The cell in all its settings, in one row. */
export function Settings({ of, subject, crops }: Props) {
  const { study } = useStudy();
  const { zoom } = useView();
  const dialog = useRef<HTMLDialogElement>(null);
  const [larger, setLarger] = useState<number | null>(null);
  const side = zoom === 0 ? FITTING / study.about.crops.width : zoom;
  const at = larger === null ? -1 : subject.rows.indexOf(larger);
  const open = (row: number) => {
    setLarger(row);
    dialog.current?.showModal();
  };
  return (
    <>
      <ul className="settings" aria-label="The cell in every setting">
        {subject.rows.map((row) => (
          <li key={row}>
            <button
              type="button"
              className="enlarge"
              onClick={() => open(row)}
              aria-label={`${nameOf(of, row)}: larger`}
            >
              <Composite row={row} of={of} crops={crops} zoom={side} />
            </button>
            <Caption row={row} of={of} />
            <TryButton row={row} of={of} />
          </li>
        ))}
      </ul>
      <Larger
        ref={dialog}
        name={at < 0 ? "" : nameOf(of, subject.rows[at])}
        onStep={(by) => setLarger(subject.rows[(at + by + subject.rows.length) % subject.rows.length])}
        onClose={() => setLarger(null)}
      >
        {(zoomed) =>
          at < 0 ? null : <Composite row={subject.rows[at]} of={of} crops={crops} zoom={zoomed} />
        }
      </Larger>
    </>
  );
}

/** What a composite shows: its setting, and on what. */
export function nameOf({ composites, classes }: Everything, row: number): string {
  const background = classes[composites.background[row]];
  return `${settingOf(composites.setting[row])}${background === undefined ? "" : ` on ${background}`}`;
}

function Caption({ row, of }: { row: number; of: Everything }) {
  const { predictions: p, classes, composites } = of;
  const background = classes[composites.background[row]];
  const called = p === null ? null : (classes[p.prediction[row]] ?? null);
  const flipped = p !== null && isFlipped(row, of, p.prediction);
  return (
    <p>
      <strong>{settingOf(composites.setting[row])}</strong>
      {background === undefined ? null : <> on {background}</>}
      <br />
      {called === null ? (
        <span className="soft">not predicted</span>
      ) : (
        <span className={flipped ? "flip" : undefined}>
          {flipped ? "⇄ flipped: " : ""}
          {called} {p!.probability[row].toFixed(2)}
        </span>
      )}
    </p>
  );
}

interface CompositeProps extends Omit<Props, "subject"> {
  readonly row: number;
  readonly zoom: number;
}

function Composite({ row, of, crops, zoom }: CompositeProps) {
  const { study } = useStudy();
  const { outlines } = useView();
  const { picture, error } = usePicture(row);
  const { width, height, micrometers } = study.about.crops;
  if (picture === null)
    return (
      <span className="empty" style={{ width: width * zoom, height: height * zoom }}>
        {error ?? ""}
      </span>
    );
  return (
    <CropPicture {...picture} about={study.about} label={nameOf(of, row)} zoom={zoom}>
      {outlines ? <Outlines row={row} of={of} crops={crops} /> : null}
      {micrometers === null ? null : (
        <ScaleBar width={width} height={height} micrometers={micrometers} zoom={zoom} />
      )}
    </CropPicture>
  );
}
