/**
 * Runs a task for the newest of what it is given: one at a time, and of those that come meanwhile the last. Fast tasks
 * follow every change, slow ones skip what is outdated.
 */
export class Latest<Given, Made> {
  readonly #run: (given: Given) => Promise<Made>;
  readonly #done: (made: Made, given: Given) => void;
  readonly #failed: (error: Error, given: Given) => void;
  #next: Given | null = null;
  #busy = false;
  #ended = false;

  constructor(
    run: (given: Given) => Promise<Made>,
    done: (made: Made, given: Given) => void,
    failed: (error: Error, given: Given) => void,
  ) {
    this.#run = run;
    this.#done = done;
    this.#failed = failed;
  }

  give(given: Given): void {
    this.#next = given;
    if (!this.#busy) void this.#work();
  }

  /** Nothing more is reported. */
  end(): void {
    this.#ended = true;
    this.#next = null;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#next !== null) {
      const given = this.#next;
      this.#next = null;
      try {
        const made = await this.#run(given);
        if (!this.#ended) this.#done(made, given);
      } catch (error) {
        if (!this.#ended) this.#failed(error as Error, given);
      }
    }
    this.#busy = false;
  }
}
