import {
  countCodes,
  type MapCodes,
  type MapColor,
  NO_CODE,
  OTHERS,
  STEPS,
} from "../../src/explore/map/color.ts";
import { SHAPES, styleOf } from "./look.ts";

interface Props {
  readonly by: MapColor;
  readonly codes: MapCodes;
  readonly rows: Int32Array;
  readonly ink: string;
  /** Code that is looked at alone. */
  readonly only: number | null;
  readonly onOnly: (code: number | null) => void;
}

/** What colors and shapes mean, and how many composites have each; pointing at one fades the others. */
export function Legend({ by, codes, rows, ink, only, onOnly }: Props) {
  const counts = countCodes(rows, codes);
  if (codes.most !== null) return <Margins most={codes.most} none={counts.none} ink={ink} />;
  const shown = [...codes.names.keys()].filter((code) => counts.of[code] > 0);
  const entry = (code: number, name: string, count: number) => {
    const { color, shape } = styleOf(by, code, ink);
    return (
      <li key={code}>
        <button
          type="button"
          aria-pressed={only === code}
          onPointerEnter={() => onOnly(code)}
          onPointerLeave={() => onOnly(null)}
          onFocus={() => onOnly(code)}
          onBlur={() => onOnly(null)}
        >
          <span className="mark" style={{ color }} aria-hidden="true">
            {SHAPES[shape]}
          </span>
          {name} <span className="n">{count.toLocaleString("en")}</span>
        </button>
      </li>
    );
  };
  return (
    <ul className="map-legend" aria-label="Colors, with composites of each">
      {shown.map((code) => entry(code, codes.names[code], counts.of[code]))}
      {counts.others === 0 ? null : entry(OTHERS, "other classes, with fewer composites each", counts.others)}
      {counts.none === 0 ? null : entry(NO_CODE, by === "class" ? "no class" : "not predicted", counts.none)}
    </ul>
  );
}

function Margins({ most, none, ink }: { most: number; none: number; ink: string }) {
  return (
    <p className="map-legend margins">
      <span>another class wins, −{most.toFixed(1)} and less</span>
      <svg width={STEPS * 12} height={12} aria-hidden="true">
        {Array.from({ length: STEPS }, (_, step) => (
          <rect key={step} x={12 * step} width={12} height={12} fill={styleOf("margin", step, ink).color} />
        ))}
      </svg>
      <span>its own wins, {most.toFixed(1)} and more</span>
      <span className="n">
        natural logarithm of its own class's probability over the most probable other's
        {none === 0 ? "" : `; ${none.toLocaleString("en")} not predicted, in gray`}
      </span>
    </p>
  );
}
