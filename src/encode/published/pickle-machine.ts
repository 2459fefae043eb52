import { DataError } from "../../errors.ts";
import { ByteReader, damaged } from "../../files/protobuf.ts";
import { allowedGlobal, applyGlobal, isDict, isTuple, type PickleValue } from "./pickle-numpy.ts";

/** Objects that one file may make; the authors' files need a few for every cell. */
const MOST_OBJECTS = 2_000_000;
/** Values that wait on the stack; pickles of lists put a thousand there at a time. */
const MOST_WAITING = 1 << 17;
/** Tuples within each other. */
const DEEPEST = 100;
/** Bytes of one text, which may be all values of an array. */
const LONGEST_TEXT = 1 << 28;

/** The stack, marks and memo of a pickle that is being read, with a budget of objects and bytes. */
export class PickleMachine {
  readonly reader: ByteReader;
  readonly path: string;
  #stack: PickleValue[] = [];
  readonly #marks: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();
  #waiting = 0;
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
    this.#wait();
    this.#stack.push(value);
  }
  pop(): PickleValue {
    if (this.#stack.length === 0) throw damaged(this.path, UNFIT);
    this.#waiting--;
    return this.#stack.pop()!;
  }
  top(): PickleValue {
    if (this.#stack.length === 0) throw damaged(this.path, UNFIT);
    return this.#stack[this.#stack.length - 1];
  }
  mark(): void {
    this.#count();
    this.#wait();
    this.#marks.push(this.#stack);
    this.#stack = [];
  }
  /** Everything since the last mark. */
  popMark(): PickleValue[] {
    const before = this.#marks.pop();
    if (before === undefined) throw damaged(this.path, UNFIT);
    const items = this.#stack;
    this.#stack = before;
    this.#waiting -= items.length + 1;
    return items;
  }
  /** POP, which also takes back a mark that nothing stands on. */
  drop(): void {
    if (this.#stack.length === 0) this.popMark();
    else this.pop();
  }
  pushTuple(length: number): void {
    const items = Array.from({ length }, () => this.pop()).reverse();
    this.pushItems(items);
  }
  /** A tuple of items. */
  pushItems(items: readonly PickleValue[]): void {
    const depth = 1 + items.reduce<number>((most, v) => Math.max(most, isTuple(v) ? v.depth : 0), 0);
    if (depth > DEEPEST) throw damaged(this.path, `its tuples stand over ${DEEPEST} deep in each other`);
    this.push({ kind: "tuple", items, depth });
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
    if (typeof module !== "string" || typeof name !== "string") throw damaged(this.path, "a name is no text");
    const known = allowedGlobal(module, name);
    if (known === undefined) throw this.refusal(`${printable(module)}.${printable(name)}`);
    this.push(known);
  }
  reduce(): void {
    const argument = this.pop();
    const called = this.pop();
    this.push(applyGlobal(called, argument, this.path, (bytes) => this.#spend(bytes)));
  }
  pushText(length: number): void {
    if (length > LONGEST_TEXT) throw damaged(this.path, `a text has ${length} bytes`);
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
  #wait(): void {
    if (++this.#waiting > MOST_WAITING)
      throw damaged(this.path, `more than ${MOST_WAITING} of its objects wait to be put together`);
  }
  #spend(bytes: number): void {
    if ((this.#bytesLeft -= bytes) < 0) throw damaged(this.path, "it makes more bytes than it has");
  }
}

const UNFIT = "its operations do not fit together";

const printable = (name: string) => name.slice(0, 60).replace(/[^\x20-\x7e]/g, "?");
