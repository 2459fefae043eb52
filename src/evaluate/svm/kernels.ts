import { fewRows, type Memory, makeMemory, paddedColumns, type Systems } from "./memory.ts";
import { RowView } from "./row-view.ts";
import { StepKernels } from "./step.ts";

/**
 * A matrix of up to `rows` rows of `dimension` features, float32, in a memory of its own that dense kernels
 * (WebAssembly SIMD) work on; what they do is done through a {@link RowView}.
 */
export class Kernels {
  /** Most rows that fit. */
  readonly rows: number;
  /** Features per row, before padding. */
  readonly dimension: number;
  /** Features per row in memory: a multiple of 8, zeros at the end. */
  readonly columns: number;
  /** Rows are few up to this number. */
  readonly fewRows: number;
  readonly memory: Memory;
  /** Size of the linear systems that there is room for. */
  readonly systems: Systems;
  /** Vectors and arithmetic of an interior-point step. */
  readonly step: StepKernels;
  /** The view whose {@link RowView.gram} is in the memory. */
  gramOf: RowView | undefined;
  #variance = 0;

  constructor(rows: number, dimension: number, systems: Systems = "features") {
    this.rows = rows;
    this.systems = systems;
    this.dimension = dimension;
    this.columns = paddedColumns(dimension);
    this.fewRows = fewRows(this.columns);
    this.memory = makeMemory(rows, dimension, systems);
    const { code, step, stride } = this.memory;
    this.step = new StepKernels(code, step.f64, stride);
  }

  /** Mean variance of the features over the rows that were centered. */
  get variance(): number {
    return this.#variance;
  }

  /** Fills the rows from `first` on with `features` (whole rows of `dimension` numbers). Views made before are void. */
  load(features: Float32Array, first: number): void {
    const { dimension, columns } = this;
    for (let r = 0, n = features.length / dimension; r < n; r++)
      this.memory.x.f32.set(features.subarray(r * dimension, (r + 1) * dimension), (first + r) * columns);
  }

  /**
   * Takes their mean (in float32) off rows 0..count-1 and returns it, one number per feature. Differences are rounded to
   * float32, which is exact far from 0. Views made before are void.
   */
  center(count: number): Float64Array {
    const { columns } = this;
    const x = this.memory.x.f32;
    const mean = new Float64Array(columns);
    for (let r = 0, at = 0; r < count; r++) for (let j = 0; j < columns; j++, at++) mean[j] += x[at];
    for (let j = 0; j < columns; j++) mean[j] = Math.fround(mean[j] / count);
    let squares = 0;
    for (let r = 0, at = 0; r < count; r++)
      for (let j = 0; j < columns; j++, at++) {
        const off = x[at] - mean[j];
        x[at] = off;
        squares += off * off;
      }
    this.#variance = squares / (count * this.dimension);
    return mean.subarray(0, this.dimension);
  }

  /** Takes the first `count` rows of other kernels of as many columns, centered as they are. */
  copy(other: Kernels, count: number): void {
    this.memory.x.f32.set(other.memory.x.f32.subarray(0, count * this.columns));
    this.#variance = other.variance;
  }

  /** The given rows, in this order. */
  view(rows: Int32Array): RowView {
    return new RowView(this, rows);
  }
}
