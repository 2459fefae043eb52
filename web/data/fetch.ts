/** What the page says where a file cannot be had. */
export class LoadError extends Error {
  override readonly name = "LoadError";
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch {
    throw new LoadError(`${url} does not answer: is the explorer still running? Start it again and reload.`);
  }
  if (!response.ok) {
    // The server says in a line what became of a file.
    const told = response.headers.get("content-type")?.startsWith("text/plain") === true;
    const line = told ? (await response.text()).trim().slice(0, 500) : response.statusText;
    throw new LoadError(`${url} cannot be read (${response.status}: ${line}).`);
  }
  return response;
}

export async function fetchJson(url: string): Promise<unknown> {
  const response = await get(url);
  try {
    return await response.json();
  } catch {
    throw new LoadError(
      `${url} is no JSON: it was not written whole, or the host answers with another page.`,
    );
  }
}

/** A file of the server that is read in pieces; whole, once, where the host knows no ranges. */
export class RangeFile {
  readonly url: string;
  #first: Promise<Response | null> | undefined;
  #whole: Promise<ArrayBuffer> | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** The last `bytes` of the file, all of a shorter one, and the length of the whole. */
  async tail(bytes: number): Promise<{ length: number; end: ArrayBuffer }> {
    const response = await this.#range(`bytes=-${bytes}`);
    const [, length] = /\/(\d+)$/.exec(response?.headers.get("content-range") ?? "") ?? [];
    if (response !== null && length !== undefined)
      return { length: Number(length), end: await response.arrayBuffer() };
    const end = await this.all();
    return { length: end.byteLength, end };
  }

  /** The whole file. */
  all(): Promise<ArrayBuffer> {
    this.#whole ??= get(this.url).then((response) => response.arrayBuffer());
    return this.#whole;
  }

  /** Bytes `start` to `end` - 1. */
  async slice(start: number, end: number): Promise<ArrayBuffer> {
    if (end <= start) return new ArrayBuffer(0);
    const response = this.#whole === undefined ? await this.#range(`bytes=${start}-${end - 1}`) : null;
    return response === null ? (await this.all()).slice(start, end) : response.arrayBuffer();
  }

  /** The answer to a range; null where the host knows none, and the whole file is read. The first says which, for all. */
  async #range(range: string): Promise<Response | null> {
    if (this.#first !== undefined) {
      await this.#first;
      return this.#whole === undefined ? this.#ask(range) : null;
    }
    this.#first = this.#ask(range);
    this.#first.catch(() => {
      this.#first = undefined;
    });
    return this.#first;
  }

  async #ask(range: string): Promise<Response | null> {
    const response = await get(this.url, { range });
    if (response.status === 206) return response;
    this.#whole ??= response.arrayBuffer();
    return null;
  }
}
