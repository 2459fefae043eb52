import type { MessagePort } from "node:worker_threads";
import { type ErrorRecord, recordError, reviveError } from "../../files/error-record.ts";
import type { CommandFile } from "./file.ts";
import type { ProgramAnswer, ProgramBatch } from "./program.ts";
import type { Programs } from "./programs.ts";

interface Request {
  readonly id: number;
  readonly file: CommandFile;
  readonly batch: ProgramBatch;
}

type Reply = { readonly id: number } & ({ readonly answer: ProgramAnswer } | { readonly error: ErrorRecord });

/** Answers the batches that come through `port` from {@link DistantPrograms} in another thread. */
export function servePrograms(programs: Programs, port: MessagePort): void {
  port.on("message", async ({ id, file, batch }: Request) => {
    try {
      const answer = await programs.exchange(file, batch);
      port.postMessage(
        { id, answer } satisfies Reply,
        answer.frames.map(({ values }) => values.buffer as ArrayBuffer),
      );
    } catch (error) {
      port.postMessage({ id, error: recordError(error) } satisfies Reply);
    }
  });
}

/** Programs that another thread runs, at the other end of `port`. Batches in shared memory are not copied. */
export class DistantPrograms implements Programs {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  exchange(file: CommandFile, batch: ProgramBatch): Promise<ProgramAnswer> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (reply) => {
        if ("answer" in reply) resolve(reply.answer);
        else reject(reviveError(reply.error));
      });
      this.#port.postMessage({ id, file, batch } satisfies Request);
    });
  }
}
