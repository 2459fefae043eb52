import { damaged } from "../../files/protobuf.ts";
import { PickleMachine } from "./pickle-machine.ts";
import { buildState, type PickleValue } from "./pickle-numpy.ts";

/** Bytes of a line of protocol 0, which holds a whole array. */
const LONGEST_LINE = 1 << 28;
const STOP = 0x2e;

type Operation = (m: PickleMachine) => void;

const number: Operation = (m) => m.push(decimal(m.reader.line(100), m.path));
const bytes1: Operation = (m) => m.push(m.reader.take(m.reader.byte()));
const bytes4: Operation = (m) => m.push(m.reader.take(m.reader.uint32()));
const bytes8: Operation = (m) => m.push(m.reader.take(m.reader.uint64()));

/** What each operation does, by its code; the names are those of Python's pickletools. */
const OPERATIONS: Readonly<Record<number, Operation>> = {
  // PROTO, FRAME
  128: (m) => {
    const protocol = m.reader.byte();
    if (protocol > 5) throw damaged(m.path, `it says protocol ${protocol}; 0 to 5 are known`);
  },
  149: (m) => void m.reader.take(8),
  // MARK, POP, POP_MARK, DUP
  40: (m) => m.mark(),
  48: (m) => m.drop(),
  49: (m) => void m.popMark(),
  50: (m) => m.push(m.top()),
  // NONE, NEWTRUE, NEWFALSE
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  // BININT1, BININT2, BININT, LONG1, LONG4, INT, LONG, FLOAT, BINFLOAT
  75: (m) => m.push(m.reader.byte()),
  77: (m) => m.push(m.reader.byte() + 256 * m.reader.byte()),
  74: (m) => m.push(m.reader.uint32() | 0),
  138: (m) => m.pushLong(m.reader.byte()),
  139: (m) => m.pushLong(m.reader.uint32()),
  73: number,
  76: number,
  70: number,
  71: (m) => {
    const b = m.reader.take(8);
    m.push(new DataView(b.buffer, b.byteOffset, 8).getFloat64(0, false));
  },
  // STRING, BINSTRING, SHORT_BINSTRING, BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8, READONLY_BUFFER
  83: (m) => m.push(pythonString(m.reader.line(LONGEST_LINE), m.path)),
  84: bytes4,
  85: bytes1,
  66: bytes4,
  67: bytes1,
  142: bytes8,
  150: bytes8,
  152: () => {},
  // UNICODE, BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
  86: (m) => m.push(unicodeEscapes(m.reader.line(LONGEST_LINE))),
  88: (m) => m.pushText(m.reader.uint32()),
  140: (m) => m.pushText(m.reader.byte()),
  141: (m) => m.pushText(m.reader.uint64()),
  // EMPTY_LIST, LIST, APPEND, APPENDS
  93: (m) => m.push([]),
  108: (m) => m.push(m.popMark()),
  97: (m) => {
    const item = m.pop();
    m.append([item]);
  },
  101: (m) => m.append(m.popMark()),
  // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
  41: (m) => m.pushTuple(0),
  133: (m) => m.pushTuple(1),
  134: (m) => m.pushTuple(2),
  135: (m) => m.pushTuple(3),
  116: (m) => m.pushItems(m.popMark()),
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  125: (m) => m.push({ kind: "dict", entries: [] }),
  100: (m) => {
    const items = m.popMark();
    m.push({ kind: "dict", entries: [] });
    m.setItems(items);
  },
  115: (m) => {
    const value = m.pop();
    m.setItems([m.pop(), value]);
  },
  117: (m) => m.setItems(m.popMark()),
  // BINPUT, LONG_BINPUT, PUT, MEMOIZE, BINGET, LONG_BINGET, GET
  113: (m) => m.remember(m.reader.byte()),
  114: (m) => m.remember(m.reader.uint32()),
  112: (m) => m.remember(decimal(m.reader.line(20), m.path)),
  148: (m) => m.remember(),
  104: (m) => m.recall(m.reader.byte()),
  106: (m) => m.recall(m.reader.uint32()),
  103: (m) => m.recall(decimal(m.reader.line(20), m.path)),
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD
  99: (m) => {
    const module = m.reader.line(400);
    m.pushGlobal(module, m.reader.line(400));
  },
  147: (m) => {
    const name = m.pop();
    m.pushGlobal(m.pop(), name);
  },
  82: (m) => m.reduce(),
  98: (m) => {
    const state = m.pop();
    buildState(m.top(), state, m.path);
  },
};

/** Operations that would call or look up something outside the file, by their code. */
const REFUSED: Readonly<Record<number, string>> = {
  80: "PERSID",
  81: "BINPERSID",
  105: "INST",
  111: "OBJ",
  129: "NEWOBJ",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  143: "EMPTY_SET",
  144: "ADDITEMS",
  145: "FROZENSET",
  146: "NEWOBJ_EX",
  151: "NEXT_BUFFER",
};

/**
 * Reads a Python pickle (protocols 0 to 5, Python 2 strings as bytes) that holds numbers, text, lists, tuples, dicts
 * and numpy arrays of numbers. Nothing is imported or run: the few names that numpy's arrays need are recognized, any
 * other is refused by name. Memory stays within a small multiple of the file's size.
 * @throws DataError where something else is named, or the file is damaged.
 */
export function readPickle(bytes: Uint8Array, path: string): PickleValue {
  const machine = new PickleMachine(bytes, path);
  for (;;) {
    if (machine.reader.left === 0) throw damaged(path, "it ends before the pickle does: truncated");
    const code = machine.reader.byte();
    if (code === STOP) return machine.result();
    const operation = OPERATIONS[code];
    if (operation === undefined) throw machine.refusal(REFUSED[code] ?? `operation ${code}`);
    operation(machine);
  }
}

function decimal(line: string, path: string): number {
  const value = Number(line.replace(/L$/, ""));
  if (line === "" || !Number.isFinite(value)) throw damaged(path, "a number is not one");
  return value;
}

const ESCAPES: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  "\\": 92,
  "'": 39,
  '"': 34,
};

/** Bytes of a Python 2 string literal in quotes (protocol 0). */
function pythonString(line: string, path: string): Uint8Array {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || !line.endsWith(quote))
    throw damaged(path, "a string has no quotes");
  const out = new Uint8Array(line.length);
  let size = 0;
  for (let i = 1; i < line.length - 1; i++) {
    if (line[i] !== "\\") {
      out[size++] = line.charCodeAt(i);
      continue;
    }
    const code = line[++i] ?? "";
    if (code === "x") {
      const hex = line.slice(i + 1, i + 3);
      if (!/^[0-9a-f]{2}$/i.test(hex)) throw damaged(path, "a string has an unknown escape");
      out[size++] = Number.parseInt(hex, 16);
      i += 2;
    } else if (Object.hasOwn(ESCAPES, code)) out[size++] = ESCAPES[code];
    else throw damaged(path, "a string has an unknown escape");
  }
  return out.subarray(0, size);
}

function unicodeEscapes(line: string): string {
  return line.replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
