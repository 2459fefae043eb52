import {
  type ChannelColor,
  type ChannelLook,
  COLOR_NAMES,
  formatChannels,
  type Range,
} from "../../../src/explore/look.ts";
import type { Subject } from "../../../src/explore/subject.ts";
import { usePicture } from "../../data/use-picture.ts";
import { useLook } from "../../parts/crop-picture.tsx";
import { go, useStudy, useView } from "../../state.ts";

const ZOOMS = [1, 2, 3, 4, 6, 8] as const;

/** How crops are shown, in every part of the page: channels, contrast, gamma, outlines, zoom. */
export function Display({ subject }: { subject: Subject }) {
  const { study } = useStudy();
  const { zoom, outlines, gamma } = useView();
  const { channels, gamma: _ } = useLook(study.about);
  const { picture } = usePicture(subject.rows[0]);
  const { masks, channels: names } = study.about.crops;
  const change = (c: number, to: Partial<ChannelLook>) =>
    go(
      { channels: formatChannels(channels.map((look, i) => (i === c ? { ...look, ...to } : look))) },
      {
        replace: true,
      },
    );
  return (
    <details className="display">
      <summary>Channels, contrast, outlines, zoom</summary>
      {channels.map((look, c) => (
        <Channel
          key={names[c]}
          name={names[c]}
          look={look}
          found={picture?.ranges[c] ?? null}
          onChange={(to) => change(c, to)}
        />
      ))}
      <label className="row">
        <span>Gamma {gamma.toFixed(2)}</span>
        <input
          type="range"
          min={0.2}
          max={3}
          step={0.05}
          value={gamma}
          onChange={(e) => go({ gamma: Number(e.target.value) }, { replace: true })}
        />
      </label>
      <label className="row">
        <span>Zoom</span>
        <select value={zoom} onChange={(e) => go({ zoom: Number(e.target.value) }, { replace: true })}>
          <option value={0}>to fit</option>
          {ZOOMS.map((z) => (
            <option key={z} value={z}>
              ×{z}
            </option>
          ))}
        </select>
      </label>
      {masks === "none" ? (
        <p className="hint">These cells have no masks, so that nothing can be outlined.</p>
      ) : (
        <label className="check">
          <input
            type="checkbox"
            checked={outlines}
            onChange={(e) => go({ outlines: e.target.checked }, { replace: true })}
          />
          Outlines: the cell (white)
          {masks === "full" ? ", neighbors (blue, dashed)" : "; the masks know no neighbors"}
        </label>
      )}
      <p>
        <button
          type="button"
          onClick={() => go({ channels: "", gamma: 1, outlines: false, zoom: 0 }, { replace: true })}
        >
          As at first
        </button>
      </p>
    </details>
  );
}

interface ChannelProps {
  readonly name: string;
  readonly look: ChannelLook;
  /** Percentiles of the cell's original; null before it is made. */
  readonly found: Range | null;
  readonly onChange: (to: Partial<ChannelLook>) => void;
}

function Channel({ name, look, found, onChange }: ChannelProps) {
  const [low, high] = look.range ?? found ?? [0, 1];
  // Sliders reach as far beyond the percentiles as these are apart.
  const [first, last] = found ?? [0, 1];
  const span = last - first || 1;
  const limits = { min: Math.min(low, first - span / 2), max: Math.max(high, last + span), step: span / 200 };
  const round = (value: number) => Number(value.toPrecision(4));
  return (
    <fieldset className="channel">
      <legend>{name}</legend>
      <label className="check">
        <input type="checkbox" checked={look.shown} onChange={(e) => onChange({ shown: e.target.checked })} />
        shown
      </label>
      <label>
        in{" "}
        <select value={look.color} onChange={(e) => onChange({ color: e.target.value as ChannelColor })}>
          {COLOR_NAMES.map((color) => (
            <option key={color}>{color}</option>
          ))}
        </select>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={look.range === null}
          onChange={(e) => onChange({ range: e.target.checked ? null : [round(low), round(high)] })}
        />
        contrast of each cell's original
      </label>
      {look.range === null ? null : (
        <>
          <label className="row">
            <span>from {low}</span>
            <input
              type="range"
              {...limits}
              value={low}
              onChange={(e) =>
                onChange({ range: [Math.min(round(Number(e.target.value)), high - limits.step), high] })
              }
            />
          </label>
          <label className="row">
            <span>to {high}</span>
            <input
              type="range"
              {...limits}
              value={high}
              onChange={(e) =>
                onChange({ range: [low, Math.max(round(Number(e.target.value)), low + limits.step)] })
              }
            />
          </label>
        </>
      )}
    </fieldset>
  );
}
