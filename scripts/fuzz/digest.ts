import { createHash, type Hash } from "node:crypto";

/** What is nested deeper is not looked at. */
const DEEPEST = 200;

/** A hash of any value that a reader gives: typed arrays by their bytes, maps and objects by their keys. */
export function digest(value: unknown): string {
  const hash = createHash("sha256");
  add(hash, value, 0);
  return hash.digest("hex");
}

function add(hash: Hash, value: unknown, depth: number): void {
  if (depth > DEEPEST) return;
  if (ArrayBuffer.isView(value)) {
    hash.update(`<${value.constructor.name} ${value.byteLength}>`);
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (value instanceof Map) add(hash, [...value], depth);
  else if (value instanceof Set) add(hash, [...value], depth);
  else if (Array.isArray(value)) {
    hash.update(`[${value.length}`);
    for (const item of value) add(hash, item, depth + 1);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      hash.update(`{${key}:`);
      add(hash, inner, depth + 1);
    }
    hash.update("}");
  } else hash.update(`${typeof value} ${String(value)};`);
}
