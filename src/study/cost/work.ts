import type { EncoderTarget } from "../../features/extract.ts";

/** What a run makes, counted while it does; or what it has to make, counted before by what its folders lack. */
export class Work {
  /** Composites, each counted once for all encoders that see it. */
  composites = 0;
  /** Crops that each encoder is given, by its name. */
  readonly encodings = new Map<string, number>();
  /** Machines of pairs of classes: pairs x folds, in all blocks. */
  fits = 0;
  /** Probes of all classes: closed groups x outputs of encoders. */
  probes = 0;

  /** @param encodings crops given to every one of `encoders` */
  encoded(
    composites: number,
    encoders: readonly Pick<EncoderTarget, "encoder">[],
    encodings: readonly number[],
  ): void {
    this.composites += composites;
    encoders.forEach(({ encoder }, e) => {
      const { name } = encoder.description;
      this.encodings.set(name, (this.encodings.get(name) ?? 0) + encodings[e]);
    });
  }
}

/** What a run has to make, and what is known besides. */
export class PlannedWork extends Work {
  /** Bytes of features that will be written. */
  bytes = 0;
  /** Machines of pairs by the features that they are fitted on, as seconds differ with their number. */
  readonly machines = new Map<number, number>();
  /** Probes of all classes, likewise. */
  readonly probed = new Map<number, number>();
  /** Whether it may be less: what remedies need hangs on features that are not there yet. */
  atMost = false;

  fit(fits: number, dimension: number): void {
    this.fits += fits;
    this.machines.set(dimension, (this.machines.get(dimension) ?? 0) + fits);
  }

  probe(probes: number, dimension: number): void {
    this.probes += probes;
    this.probed.set(dimension, (this.probed.get(dimension) ?? 0) + probes);
  }
}
