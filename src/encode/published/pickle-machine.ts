import { DataError } from "../../errors.ts";
import { ByteReader, damaged } from "../../files/protobuf.ts";
import { allowedGlobal, applyGlobal, isDict, type PickleTuple, type PickleValue } from "./pickle-numpy.ts";

/** Objects that one file may make; the authors' files need a few for every cell. */
const MOST_OBJECTS = 2_000_000;

/** The stack, marks and memo of a pickle that is being read, with a budget of objects and bytes. */
export class PickleMachine {
  readonly reader: ByteReader;
  readonly path: string;
  #stack: PickleValue[] = [];
  readonly #marks: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();
  #objects = 0;
  #bytesLeft: number;

  constructor(bytes: Uint8Array, path: string) {
    this.reader = new ByteReader(bytes, path);
    this.path = path;
    this.#bytesLeft = bytes.length;
  }

  /** What the pickle made. */
  result(): PickleValue {
    if (this.#stack.length !== 1 || this.#marks.length > 0) throw damaged(this.path, UNFIT);
    return this.#stack[0];
  }

  refusal(what: string): DataError {
    return new DataError(
      `uses ${what}, which files of features have no need of; only numpy arrays and lists of them are read, and nothing is run`,
      { path: this.path },
    );
  }

  push(value: PickleValue): void {
    this.#count();
    this.#stack.push(value);
  }
  pop(): PickleValue {
    if (this.#stack.length === 0) throw damaged(this.path, UNFIT);
    return this.#stack.pop()!;
  }
  top(): PickleValue {
    if (this.#stack.length === 0) throw damaged(this.path, UNFIT);
    return this.#stack[this.#stack.length - 1];
  }
  mark(): void {
    this.#count();
    this.#marks.push(this.#stack);
    this.#stack = [];
  }
  /** Everything since the last mark. */
  popMark(): PickleValue[] {
    const before = this.#marks.pop();
    if (before === undefined) throw damaged(this.path, UNFIT);
    const items = this.#stack;
    this.#stack = before;
    return items;
  }
  /** POP, which also takes back a mark that nothing stands on. */
  drop(): void {
    if (this.#stack.length === 0) this.popMark();
    else this.pop();
  }
  pushTuple(length: number): void {
    const items = Array.from({ length }, () => this.pop()).reverse();
    this.push(tuple(items));
  }
  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw damaged(this.path, "something is appended to what is no list");
    for (const item of items) list.push(item);
  }
  setItems(items: readonly PickleValue[]): void {
    const target = this.top();
    if (!isDict(target) || items.length % 2 !== 0) throw damaged(this.path, "a dict is inconsistent");
    for (const item of items) target.entries.push(item);
  }
  /** Keeps the top of the stack under `key`, by default the next free one. */
  remember(key = this.#memo.size): void {
    this.#count();
    this.#memo.set(key, this.top());
  }
  recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw damaged(this.path, "it refers to what it has not defined");
    this.push(value);
  }
  pushGlobal(module: PickleValue, name: PickleValue): void {
    const known = allowedGlobal(String(module), String(name));
    if (known === undefined) throw this.refusal(`${printable(module)}.${printable(name)}`);
    this.push(known);
  }
  reduce(): void {
    const argument = this.pop();
    const called = this.pop();
    this.push(applyGlobal(called, argument, this.path, (bytes) => this.#spend(bytes)));
  }
  pushText(length: number): void {
    // Not counted against the bytes that are made: text is made of bytes of the file, each read once.
    this.push(new TextDecoder().decode(this.reader.take(length)));
  }
  pushLong(length: number): void {
    if (length > 8) throw damaged(this.path, `an integer has ${length} bytes`);
    const bytes = this.reader.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    this.push(Number(BigInt.asIntN(length * 8, value)));
  }

  #count(): void {
    if (++this.#objects > MOST_OBJECTS)
      throw damaged(this.path, `it makes more than ${MOST_OBJECTS} objects`);
  }
  #spend(bytes: number): void {
    if ((this.#bytesLeft -= bytes) < 0) throw damaged(this.path, "it makes more bytes than it has");
  }
}

const UNFIT = "its operations do not fit together";

export const tuple = (items: readonly PickleValue[]): PickleTuple => ({ kind: "tuple", items });

const printable = (name: PickleValue) =>
  String(name)
    .slice(0, 60)
    .replace(/[^\x20-\x7e]/g, "?");
