import { sha256 } from "./hash.ts";

/** What stands before and behind the hash at the end of the text. */
const END = /("sha256": ?")([0-9a-f]{64})("\s*\}\n)$/;

/** Bytes at the end of a text that {@link END} looks at. */
const TAIL = 96;

/**
 * Text of an object as JSON that carries its own check sum: the last key, `sha256`, is the SHA-256 of the text with
 * nothing between its quotes. @param indent as of `JSON.stringify`
 */
export function sealJson(value: Readonly<Record<string, unknown>>, indent?: number): string {
  const text = `${JSON.stringify({ ...value, sha256: "" }, null, indent)}\n`;
  const at = text.lastIndexOf('""') + 1;
  return `${text.slice(0, at)}${sha256(text)}${text.slice(at)}`;
}

/** The object of a text that {@link sealJson} made; null where one bit of it is another, or there is no such text. */
export function openSealed(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tail = text.toString("latin1", Math.max(0, text.length - TAIL));
  const [whole, before, sum, after] = END.exec(tail) ?? [];
  if (whole === undefined) return null;
  const body = text.subarray(0, text.length - whole.length);
  if (sha256(Buffer.concat([body, Buffer.from(before + after, "latin1")])) !== sum) return null;
  try {
    return JSON.parse(text.toString("utf8")) as Record<string, unknown>;
  } catch {
    return null;
  }
}
