import { DataError } from "../../errors.ts";
import { decodeNumbers, type NumberType, numberType } from "../../files/numbers.ts";
import { damaged } from "../../files/protobuf.ts";

/** A Python object that only stands for a name, until it is applied to something. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
}

/** Type of an array's values (little-endian unless said). */
export interface PickleType {
  readonly kind: "dtype";
  type: NumberType;
}

/** A numpy array whose values are still in the file's bytes. */
export interface PickleArray {
  readonly kind: "array";
  shape: readonly number[];
  type: PickleType | null;
  /** Column-major. */
  fortran: boolean;
  raw: Uint8Array;
}

/** What a pickle of arrays is made of. Python 2 strings stay bytes. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | PickleTuple
  | PickleArray
  | PickleType
  | PickleGlobal;

/** A dict: keys and values in turn. */
export interface PickleDict {
  readonly kind: "dict";
  readonly entries: PickleValue[];
}

export interface PickleTuple {
  readonly kind: "tuple";
  readonly items: readonly PickleValue[];
  /** Tuples within each other, this one included. */
  readonly depth: number;
}

/** Everything that a pickle may name, by what it does here; whatever else is named is refused. */
const ALLOWED = new Map<string, string>([
  ...["numpy.core.multiarray", "numpy._core.multiarray"].flatMap((m): [string, string][] => [
    [`${m}._reconstruct`, "reconstruct"],
    [`${m}.scalar`, "scalar"],
  ]),
  ["numpy.core.numeric._frombuffer", "frombuffer"],
  ["numpy._core.numeric._frombuffer", "frombuffer"],
  ["numpy.ndarray", "ndarray"],
  ["numpy.dtype", "dtype"],
  ["_codecs.encode", "encode"],
  ["__builtin__.bytes", "bytes"],
  ["builtins.bytes", "bytes"],
]);

export function allowedGlobal(module: string, name: string): PickleGlobal | undefined {
  const meaning = ALLOWED.get(`${module}.${name}`);
  return meaning === undefined ? undefined : { kind: "global", name: meaning };
}

const isKind = <K extends string>(v: PickleValue, kind: K): v is Extract<PickleValue, { kind: K }> =>
  v !== null && typeof v === "object" && "kind" in v && v.kind === kind;

export const isArray = (v: PickleValue): v is PickleArray => isKind(v, "array");
export const isDict = (v: PickleValue): v is PickleDict => isKind(v, "dict");
export const isTuple = (v: PickleValue): v is PickleTuple => isKind(v, "tuple");

/** What applying an allowed name to arguments gives; nothing is run. `spend` counts bytes that are made new. */
export function applyGlobal(
  called: PickleValue,
  argument: PickleValue,
  path: string,
  spend: (bytes: number) => void,
): PickleValue {
  if (!isKind(called, "global") || !isTuple(argument))
    throw damaged(path, "something is called that is not numpy's");
  const [a, b, c, d] = argument.items;
  switch (called.name) {
    case "reconstruct":
      return { kind: "array", shape: [0], type: null, fortran: false, raw: new Uint8Array(0) };
    case "dtype":
      return makeType(text(a), path);
    case "bytes":
      if (argument.items.length > 0) throw damaged(path, "bytes are made of something else");
      return new Uint8Array(0);
    case "encode": {
      if (typeof a !== "string" || !/^latin-?1$/.test(text(b) ?? ""))
        throw damaged(path, "text is encoded other than latin1");
      spend(a.length);
      const bytes = new Uint8Array(a.length);
      for (let i = 0; i < a.length; i++) {
        const code = a.charCodeAt(i);
        if (code > 255) throw damaged(path, "text is not latin1");
        bytes[i] = code;
      }
      return bytes;
    }
    case "scalar":
      return fill(
        { kind: "array", shape: [], type: null, fortran: false, raw: new Uint8Array(0) },
        [],
        a,
        false,
        b,
        path,
      );
    case "frombuffer": {
      const fortran = text(d) === "F";
      const array: PickleArray = { kind: "array", shape: [0], type: null, fortran, raw: new Uint8Array(0) };
      return fill(array, shapeOf(c, path), b, fortran, a, path);
    }
    default:
      throw damaged(path, `${called.name} is called`);
  }
}

/** What giving an object its state does (`__setstate__` of an array or a dtype). */
export function buildState(target: PickleValue, state: PickleValue, path: string): void {
  if (!isTuple(state)) throw damaged(path, "an object has a state that numpy does not write");
  const s = state.items;
  if (isKind(target, "dtype")) {
    const order = text(s[1]);
    if (s.slice(2, 5).some((v) => v !== null && v !== undefined))
      throw damaged(path, "an array has fields or sub-arrays, which features have not");
    if (order === ">") target.type = { ...target.type, little: false };
    else if (order !== "<" && order !== "|" && order !== "=")
      throw damaged(path, "an array's byte order is unknown");
  } else if (isArray(target))
    fill(target, shapeOf(s[1], path), s[2], s[3] === true || s[3] === 1, s[4], path);
  else throw damaged(path, "a state is given to what has none");
}

function makeType(code: string | undefined, path: string): PickleType {
  const type = numberType(code ?? "");
  if (type === null)
    throw new DataError(
      `holds arrays of type ${(code ?? "unknown").slice(0, 20).replace(/[^\x20-\x7e]/g, "?")}; numbers are needed, save the features as float32`,
      { path },
    );
  return { kind: "dtype", type };
}

function shapeOf(value: PickleValue, path: string): number[] {
  if (!isTuple(value) || value.items.length > 8) throw damaged(path, "an array has an impossible shape");
  return value.items.map((n) => {
    if (typeof n !== "number" || !(n >= 0 && n <= 2 ** 40))
      throw damaged(path, "an array has an impossible shape");
    return n;
  });
}

function fill(
  array: PickleArray,
  shape: readonly number[],
  type: PickleValue,
  fortran: boolean,
  raw: PickleValue,
  path: string,
): PickleArray {
  if (!isKind(type, "dtype")) throw damaged(path, "an array has no type");
  if (!(raw instanceof Uint8Array)) throw damaged(path, "an array's values are not bytes (Python objects?)");
  const values = shape.reduce((a, b) => a * b, 1);
  if (raw.length !== values * type.type.bytes)
    throw damaged(path, `an array of ${shape.join(" x ") || "one value"} has ${raw.length} bytes`);
  return Object.assign(array, { shape, type, fortran, raw });
}

function text(value: PickleValue | undefined): string | undefined {
  if (value instanceof Uint8Array)
    return value.length > 64 ? undefined : new TextDecoder("latin1").decode(value);
  return typeof value === "string" ? value : undefined;
}

/** Copies an array's values (row-major) into `out` from `at` on. */
export function copyValues(
  array: PickleArray,
  out: Float32Array | Float64Array,
  at: number,
  path: string,
): void {
  const { shape, type, raw, fortran } = array;
  if (type === null) throw damaged(path, "an array was never filled");
  const count = raw.length / type.type.bytes;
  const part = out.subarray(at, at + count);
  decodeNumbers(raw, type.type, part);
  if (!fortran || shape.length < 2) return;
  const stored = part.slice();
  for (let i = 0; i < count; i++) {
    let [rest, place, step] = [i, 0, 1];
    for (let axis = 0; axis < shape.length; axis++, step *= shape[axis - 1]) {
      const below = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      place += Math.floor(rest / below) * step;
      rest %= below;
    }
    part[i] = stored[place];
  }
}
