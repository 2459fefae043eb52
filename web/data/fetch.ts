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
  if (!response.ok && response.status !== 416)
    throw new LoadError(`${url} cannot be read (${response.status} ${response.statusText}).`);
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
  #whole: Promise<ArrayBuffer> | undefined;
  #length: Promise<number> | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** Bytes of the file. */
  get length(): Promise<number> {
    this.#length ??= (async () => {
      const response = await fetch(this.url, { method: "HEAD" });
      const said = response.headers.get("content-length");
      if (!response.ok || said === null)
        throw new LoadError(`${this.url} cannot be read (${response.status}).`);
      return Number(said);
    })();
    return this.#length;
  }

  /** Bytes `start` to `end` - 1. */
  async slice(start: number, end: number): Promise<ArrayBuffer> {
    if (end <= start) return new ArrayBuffer(0);
    if (this.#whole !== undefined) return (await this.#whole).slice(start, end);
    const response = await get(this.url, { range: `bytes=${start}-${end - 1}` });
    if (response.status === 206) return response.arrayBuffer();
    this.#whole ??= response.arrayBuffer();
    return (await this.#whole).slice(start, end);
  }
}
