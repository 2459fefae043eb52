/** An encoder ready to run on crops of one shape: preprocessing, network, pooling. One thread per encoder. */
export interface Encoder {
  /** Length of the feature vector of each output, in the order of the description. */
  readonly dimensions: readonly number[];
  /** Whether masks are looked at; where not, `encode` takes any. */
  readonly usesMask: boolean;
  /** Milliseconds spent in the network so far. */
  readonly runMs: number;
  /** Milliseconds of processors spent so far on encoding, where that is done by a process of its own. */
  readonly cpuMs?: number;
  /**
   * Features of one crop may differ by this share of the largest from one time to the next, and the encoder still
   * counts as the same network every time.
   */
  readonly tolerance: number;
  /**
   * Encodes `count` crops (count x channels x height x width) with their label masks (count x height x width);
   * `out[o]` receives count x dimension values of output `o`. The features of a crop do not depend on what it is
   * encoded with.
   */
  encode(crops: Float32Array, masks: Uint8Array, count: number, out: readonly Float32Array[]): Promise<void>;
  release(): Promise<void>;
}
