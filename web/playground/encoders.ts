import type { ViewEncoder } from "../../src/explore/format.ts";
import { LoadError } from "../data/fetch.ts";
import type { StudyData } from "../data/study.ts";
import type { Answer, Asked } from "./encode-messages.ts";

/** Features of one crop, and how long they took, ms. */
export interface Encoded {
  readonly features: Float32Array;
  readonly ms: number;
}

/** What encodes crops (channels x height x width, label mask) for the page. */
export interface PageEncoder {
  encode(crop: Float32Array, mask: Uint8Array): Promise<Encoded>;
}

const kept = new Map<string, Promise<PageEncoder>>();

/** The encoder of a study, opened once. @throws LoadError where the page cannot have its features, and why */
export function openPageEncoder(study: StudyData, encoder: ViewEncoder): Promise<PageEncoder> {
  const key = `${study.base} ${encoder.name}`;
  let known = kept.get(key);
  if (known === undefined) {
    known = open(study, encoder);
    // What could not be opened is tried again when it is next asked for.
    known.catch(() => kept.delete(key));
    kept.set(key, known);
  }
  return known;
}

async function open(study: StudyData, encoder: ViewEncoder): Promise<PageEncoder> {
  const { where, why } = encoder.runs;
  if (where === "none" || encoder.description === null)
    throw new LoadError(why ?? "the study says of no program or network that makes its features");
  if (where === "server") return serverEncoder(study, encoder);
  const { channels, height, width, diameter, masks } = study.about.crops;
  const worker = new EncodeWorker();
  try {
    await worker.ask({
      kind: "open",
      description: new URL(`${study.base}${encodePath(encoder.description)}`, location.href).href,
      output: encoder.output,
      shape: { channels, height, width, diameter, masks } as {
        channels: string[];
        height: number;
        width: number;
      },
    });
  } catch (error) {
    worker.end();
    throw error;
  }
  return { encode: (crop, mask) => worker.ask({ kind: "encode", crop, mask }) };
}

function serverEncoder(study: StudyData, { name }: ViewEncoder): PageEncoder {
  const url = `${study.base}encode?encoder=${encodeURIComponent(name)}`;
  return {
    async encode(crop, mask) {
      const start = performance.now();
      let response: Response;
      try {
        response = await fetch(url, {
          method: "POST",
          body: new Blob([crop as Float32Array<ArrayBuffer>, mask as Uint8Array<ArrayBuffer>]),
        });
      } catch {
        throw new LoadError("The explorer does not answer: is it still running?");
      }
      if (!response.ok) throw new LoadError(await refusal(response));
      return { features: new Float32Array(await response.arrayBuffer()), ms: performance.now() - start };
    },
  };
}

type Question<T = Asked> = T extends Asked ? Omit<T, "id"> : never;

/** The thread that runs a network. */
class EncodeWorker {
  readonly #worker = new Worker(new URL("./encode-worker.ts", import.meta.url), { type: "module" });
  readonly #open = new Map<number, { resolve(value: Encoded): void; reject(error: Error): void }>();
  #next = 0;

  constructor() {
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      const asked = this.#open.get(data.id);
      this.#open.delete(data.id);
      if ("error" in data) asked?.reject(new LoadError(data.error));
      else asked?.resolve(data);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      const error = new LoadError(
        `The page's ONNX Runtime could not be started (${event.message ?? "no answer"}).`,
      );
      for (const asked of this.#open.values()) asked.reject(error);
      this.#open.clear();
    });
  }

  ask(question: Question): Promise<Encoded> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#worker.postMessage({ ...question, id });
    });
  }

  end(): void {
    this.#worker.terminate();
  }
}

const encodePath = (path: string) => path.split("/").map(encodeURIComponent).join("/");

/** What the server says of a request that it refuses. */
async function refusal(response: Response): Promise<string> {
  try {
    return ((await response.json()) as { error: string }).error;
  } catch {
    return `the server refuses (${response.status} ${response.statusText})`;
  }
}
