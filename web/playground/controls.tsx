import { type ReactNode, useId } from "react";
import { LIMITS } from "../../src/explore/playground/address.ts";
import { SCENES, type Scene } from "../../src/explore/playground/trial.ts";
import type { CompositeOptions } from "../../src/types.ts";
import { useStudy } from "../state.ts";
import type { Editing } from "./history.ts";

const SCENE_NAMES: Readonly<Record<Scene, string>> = {
  imaged: "as imaged",
  neighbors: "among the donor's cells",
  medium: "on the donor's medium, its cells removed",
  nothing: "nothing around it",
  alone: "its surroundings alone, the cell removed",
};

interface SliderProps {
  readonly label: string;
  readonly unit: string;
  readonly value: number;
  /** What it goes back to. */
  readonly standard: number;
  readonly low: number;
  readonly high: number;
  readonly step?: number;
  readonly disabled?: boolean;
  onChange(value: number): void;
  onRest(): void;
}

/** A number with a unit, and the way back to what the study has. */
export function Slider(props: SliderProps) {
  const { label, unit, value, standard, low, high, step = 1, disabled = false, onChange, onRest } = props;
  const id = useId();
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={low}
        max={high}
        step={step}
        value={value}
        disabled={disabled}
        aria-valuetext={`${value} ${unit}`}
        onChange={(e) => onChange(Number(e.target.value))}
        onPointerUp={onRest}
        onBlur={onRest}
      />
      <output htmlFor={id}>
        {String(value).replace("-", "−")} {unit}
      </output>
      <button
        type="button"
        className="back"
        disabled={disabled || value === standard}
        aria-label={`${label}: back to ${standard} ${unit}`}
        title={`Back to ${standard} ${unit}`}
        onClick={() => onChange(standard)}
      >
        ↺
      </button>
    </div>
  );
}

function Pick<T extends string>({
  label,
  value,
  options,
  disabled = false,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  disabled?: boolean;
  onChange(value: T): void;
}) {
  return (
    <label className="choice">
      <span>{label}</span>
      <select value={value} disabled={disabled} onChange={(e) => onChange(e.target.value as T)}>
        {options.map(([of, name]) => (
          <option key={of} value={of}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What is shown: cell and surroundings. */
export function SceneChoice({ editing }: { editing: Editing }) {
  return (
    <Pick
      label="Shown"
      value={editing.trial.scene}
      options={SCENES.map((scene) => [scene, SCENE_NAMES[scene]] as const)}
      onChange={(scene) => editing.change({ scene })}
    />
  );
}

/** How the composite is made. */
export function Controls({ editing }: { editing: Editing }) {
  const { study } = useStudy();
  const { composite: own, crops } = study.about;
  const { trial, change, rest } = editing;
  const { options, scene } = trial;
  const set = (given: Partial<CompositeOptions>, by: string | null = null) => change({ options: given }, by);
  const still = scene === "alone";
  const slide = (label: string, value: number, standard: number) => ({
    label,
    unit: "px",
    value,
    standard,
    onRest: rest,
  });
  const levels = [...new Set(["none", "crop", own.intensity] as const)];
  return (
    <>
      <Group name="Cell">
        <Slider
          {...slide("Moved right", trial.dx, 0)}
          low={-crops.width}
          high={crops.width}
          disabled={still}
          onChange={(dx) => change({ dx }, "dx")}
        />
        <Slider
          {...slide("Moved down", trial.dy, 0)}
          low={-crops.height}
          high={crops.height}
          disabled={still}
          onChange={(dy) => change({ dy }, "dy")}
        />
        <Slider
          {...slide("Outline outward", trial.outline, 0)}
          low={-LIMITS.outline}
          high={LIMITS.outline}
          onChange={(outline) => change({ outline }, "outline")}
        />
      </Group>
      <Group name="Paste and fill">
        <div className="pair">
          <Pick
            label="Edge"
            value={options.edge}
            options={[
              ["hard", "hard"],
              ["soft", "soft"],
            ]}
            onChange={(edge) => set({ edge })}
          />
          <Pick
            label="Donor's own cell"
            value={options.donorCenter}
            options={[
              ["keep", "kept"],
              ["fill", "removed, filled"],
            ]}
            disabled={scene !== "neighbors"}
            onChange={(donorCenter) => set({ donorCenter })}
          />
        </div>
        <Slider
          {...slide("Sigma of edge", options.sigma, own.sigma)}
          low={LIMITS.sigma[0]}
          high={LIMITS.sigma[1]}
          step={0.1}
          disabled={options.edge === "hard"}
          onChange={(sigma) => set({ sigma }, "sigma")}
        />
        <Slider
          {...slide("Halo removed", options.halo, own.halo)}
          low={0}
          high={LIMITS.halo}
          step={0.5}
          onChange={(halo) => set({ halo }, "halo")}
        />
        <div className="pair">
          <Pick
            label="Intensity"
            value={options.intensity}
            options={levels.map((level) => [level, level === "none" ? "none" : `by ${level}`] as const)}
            onChange={(intensity) => set({ intensity })}
          />
          <Clip clip={options.clip} unused={options.intensity === "none"} set={set} />
        </div>
        <p className="row">
          Draw of the fill's noise: {options.seed}
          <button type="button" onClick={() => set({ seed: (options.seed + 1) % 2 ** 32 })}>
            Draw again
          </button>
          <button type="button" disabled={options.seed === own.seed} onClick={() => set({ seed: own.seed })}>
            The study's
          </button>
        </p>
      </Group>
    </>
  );
}

export function Group({ name, children }: { name: string; children: ReactNode }) {
  return (
    <fieldset className="group">
      <legend>{name}</legend>
      {children}
    </fieldset>
  );
}

/** Range after the intensity step. */
function Clip({
  clip,
  unused,
  set,
}: {
  clip: CompositeOptions["clip"];
  unused: boolean;
  set(given: Partial<CompositeOptions>, by?: string | null): void;
}) {
  const [low, high] = clip ?? [-1, 6];
  const end = (label: string, value: number, make: (v: number) => [number, number]) => (
    <input
      type="number"
      step={0.5}
      aria-label={label}
      value={value}
      disabled={unused || clip === null}
      onChange={(e) => {
        const made = make(Number(e.target.value));
        if (e.target.value !== "" && made[0] < made[1]) set({ clip: made }, label);
      }}
    />
  );
  return (
    <div className="clip">
      <label className="check">
        <input
          type="checkbox"
          checked={clip !== null}
          disabled={unused}
          onChange={(e) => set({ clip: e.target.checked ? [low, high] : null })}
        />
        Clipped (0 medium, 1 cells)
      </label>
      <span className="ends">
        {end("Clipped below", low, (v) => [v, high])} to {end("Clipped above", high, (v) => [low, v])}
      </span>
    </div>
  );
}
