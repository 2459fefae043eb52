import { useEffect, useRef, useState } from "react";
import type { ViewEncoder } from "../../src/explore/format.ts";
import { TrialComposer, type Tried } from "../../src/explore/playground/compose.ts";
import { type Predicted, predict } from "../../src/explore/playground/predict.ts";
import { cropsOf, type Trial, trialOf } from "../../src/explore/playground/trial.ts";
import type { CropSource } from "../../src/types.ts";
import type { Crop, CropReader } from "../data/crops.ts";
import type { StudyData } from "../data/study.ts";
import { openPageEncoder } from "./encoders.ts";
import { Latest } from "./latest.ts";
import { probeOf } from "./probes.ts";

/** A cell and what is tried on it. */
export interface Given {
  readonly cell: number;
  readonly trial: Trial;
}

/** A trial as it is shown: what was made of it, and the crops and masks (by row of the store) that it is made of. */
export interface Shown extends Given {
  readonly tried: Tried;
  readonly crops: ReadonlyMap<number, Crop>;
  readonly ms: number;
}

/** Makes trials from crops that it reads. */
class Trier {
  readonly #crops: CropReader;
  readonly #composer: TrialComposer;
  readonly #held = new Map<number, Crop>();

  constructor(crops: CropReader) {
    const { channels, height, width, diameter, count, masks } = crops.about.crops;
    this.#crops = crops;
    const held = (cell: number) => this.#held.get(cell)!;
    const source: CropSource = {
      channels,
      height,
      width,
      diameter,
      count,
      masks,
      readCrop: (cell, out) => out.set(held(cell).pixels),
      readMask: (cell, out) => out.set(held(cell).mask!),
    };
    this.#composer = new TrialComposer(source, crops.scales, crops.about.composite.intensity);
  }

  async make({ cell, trial }: Given): Promise<Shown> {
    const rows = cropsOf(trial, cell);
    const read = await Promise.all(rows.map((row) => this.#crops.crop(row)));
    this.#held.clear();
    rows.forEach((row, i) => this.#held.set(row, read[i]));
    const start = performance.now();
    const tried = this.#composer.compose(cell, trial);
    return { cell, trial, tried, crops: new Map(this.#held), ms: performance.now() - start };
  }
}

/** The newest trial that was made, and what went wrong with a newer one. */
export function useTried(crops: CropReader, given: Given): { shown: Shown | null; error: Error | null } {
  const [state, setState] = useState<{ shown: Shown | null; error: Error | null }>({
    shown: null,
    error: null,
  });
  const latest = useRef<Latest<Given, Shown> | null>(null);
  useEffect(() => {
    const trier = new Trier(crops);
    const made = new Latest<Given, Shown>(
      (asked) => trier.make(asked),
      (shown) => setState({ shown, error: null }),
      (error) => setState(({ shown }) => ({ shown, error })),
    );
    latest.current = made;
    return () => made.end();
  }, [crops]);
  const { cell, trial } = given;
  useEffect(() => latest.current!.give({ cell, trial }), [cell, trial, crops]);
  return state;
}

/** What an encoder and the probe that judges the cell make of a composite, and how long the encoder took, ms. */
export interface Judged extends Predicted {
  readonly of: Tried;
  readonly ms: number;
}

/** How the cell's composites are predicted. */
export interface Judge {
  readonly study: StudyData;
  readonly encoder: ViewEncoder;
  /** Class of the cell, -1 for none, and its closed group, -1 where no probe judges it. */
  readonly own: number;
  readonly group: number;
}

async function judge({ study, encoder, own, group }: Judge, tried: Tried): Promise<Judged> {
  const [opened, theta] = await Promise.all([
    openPageEncoder(study, encoder),
    probeOf(study, encoder.name, group),
  ]);
  const { features, ms } = await opened.encode(tried.crop, tried.mask);
  return { ...predict(theta, features, study.about.classes.length, own), of: tried, ms };
}

/** Why nothing can be predicted for a cell; null where it can. */
export function whyNot({ encoder, group }: Judge): string | null {
  if (!encoder.predicted)
    return "The study has no probe for this encoder: it needs the setting original and at least two groups of cells.";
  if (encoder.runs.where === "none") return encoder.runs.why ?? "This encoder cannot be run from here.";
  if (group < 0) return "No probe of the study judges this cell: it is not among the cells of the study.";
  return null;
}

/** The newest prediction of what is shown, and that of the cell as imaged. */
export function useJudged(
  by: Judge,
  crops: CropReader,
  shown: Shown | null,
): { before: Judged | null; after: Judged | null; error: Error | null } {
  const { study, encoder, own, group } = by;
  const cell = shown?.cell ?? null;
  const [before, setBefore] = useState<Judged | null>(null);
  const [after, setAfter] = useState<Judged | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const latest = useRef<Latest<Tried, Judged> | null>(null);
  const possible = whyNot(by) === null;
  useEffect(() => {
    setBefore(null);
    setAfter(null);
    setError(null);
    if (!possible || cell === null) return;
    const asked: Judge = { study, encoder, own, group };
    const made = new Latest<Tried, Judged>(
      (tried) => judge(asked, tried),
      (judged) => {
        setAfter(judged);
        setError(null);
      },
      setError,
    );
    latest.current = made;
    let wanted = true;
    const imaged = trialOf({ setting: "original", cell, donor: -1, medium: -1 }, study.about.composite);
    new Trier(crops)
      .make({ cell, trial: imaged })
      .then(({ tried }) => judge(asked, tried))
      .then((judged) => wanted && setBefore(judged))
      .catch((failed: Error) => wanted && setError(failed));
    return () => {
      wanted = false;
      latest.current = null;
      made.end();
    };
  }, [study, encoder, own, group, crops, cell, possible]);
  useEffect(() => {
    if (shown !== null) latest.current?.give(shown.tried);
  }, [shown, study, encoder, own, group, possible]);
  return { before, after, error };
}
