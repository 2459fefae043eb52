import type { CropShape } from "../../src/types.ts";

/** Opens one output of an encoder whose description lies at a URL, with its model beside it. */
export interface Opening {
  readonly id: number;
  readonly kind: "open";
  readonly description: string;
  /** Position of the output in the description. */
  readonly output: number;
  readonly shape: CropShape;
}

/** Encodes one crop (channels x height x width) with its label mask. */
export interface Encoding {
  readonly id: number;
  readonly kind: "encode";
  readonly crop: Float32Array;
  readonly mask: Uint8Array;
}

/** What the worker is asked. */
export type Asked = Opening | Encoding;

/** What it answers; `ms` is the time that encoding took. */
export type Answer =
  | { readonly id: number; readonly features: Float32Array; readonly ms: number }
  | { readonly id: number; readonly error: string };
