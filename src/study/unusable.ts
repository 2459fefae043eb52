import {
  type CellswapError,
  DeviceError,
  InterruptedError,
  InUseError,
  isCellswapError,
  LimitError,
  StudyError,
} from "../errors.ts";

/** Errors that are not of an encoder. */
const OTHERS = [DeviceError, InterruptedError, InUseError, LimitError];

/** Encoders of a study that cannot be used, gathered so that all of them are told at once, and by name. */
export class UnusableEncoders {
  readonly #count: number;
  readonly #failed: { readonly name: string; readonly path: string; readonly error: CellswapError }[] = [];

  /** @param count encoders of the study */
  constructor(count: number) {
    this.#count = count;
  }

  /** Takes up why an encoder cannot be used. @throws the error itself where it is not of the encoder */
  add(name: string, path: string, error: unknown): void {
    if (!isCellswapError(error) || OTHERS.some((kind) => error instanceof kind)) throw error;
    this.#failed.push({ name, path, error });
  }

  /**
   * @param usable names of those that can be used
   * @throws StudyError naming all that cannot; in a study of one encoder what is wrong with it
   */
  check(usable: readonly string[]): void {
    if (this.#failed.length === 0) return;
    if (this.#count === 1) throw this.#failed[0].error;
    const said = this.#failed.map(({ name, path, error }) =>
      error.path === undefined ? `${name} (${path}): ${error.message}` : `${name}: ${error.message}`,
    );
    throw new StudyError(
      `${this.#failed.length} of ${this.#count} encoders cannot be used: ${said.join(" | ")}${usable.length === 0 ? "" : ` | nothing is wrong with ${usable.join(", ")}`}; correct them or leave them out of "encoders"`,
    );
  }
}
