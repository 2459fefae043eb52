import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readFeatureFolder, readFeaturePickle } from "../../../src/encode/published/feature-folder.ts";
import { readPickle } from "../../../src/encode/published/pickle.ts";
import { temporary } from "../../temporary.ts";
import { fixtures } from "./expected.ts";

const pickles = join(fixtures, "pickles");
const expected = JSON.parse(readFileSync(join(pickles, "expected.json"), "utf8")) as Record<
  string,
  number[][]
>;
const files = readdirSync(pickles).filter((f) => f.endsWith(".pkl"));

test("there are pickles of Python 2 and 3 and of numpy 1 and 2 in every protocol", () => {
  const kinds = new Set(files.map((f) => `${f.split("-")[0]} ${f.at(-5)}`));
  expect([...kinds].sort()).toEqual([
    ...[0, 1, 2, 3, 4, 5].map((p) => `numpy2 ${p}`),
    ...[0, 1, 2].map((p) => `py2 ${p}`),
    ...[0, 1, 2, 3, 4, 5].map((p) => `py3 ${p}`),
  ]);
  expect(files).toHaveLength(15 * Object.keys(expected).length);
});

test.each(files.filter((f) => !f.includes("-empty-")))("%s is read as numpy stacks it", (file) => {
  const rows = expected[/^\w+?-(.+)-p\d\.pkl$/.exec(file)![1]];
  const { rows: count, dimension, data } = readFeaturePickle(join(pickles, file));
  expect(
    Array.from({ length: count }, (_, r) => [...data.subarray(r * dimension, (r + 1) * dimension)]),
  ).toEqual(rows);
});

test("an empty matrix has no rows", () => {
  expect(readFeaturePickle(join(pickles, "py3-empty-p5.pkl"))).toMatchObject({ rows: 0, dimension: 4 });
});

const bytes = (...parts: (string | number | number[] | Uint8Array)[]) =>
  Buffer.concat(
    parts.map((p) =>
      typeof p === "string" ? Buffer.from(p, "latin1") : Buffer.from(typeof p === "number" ? [p] : p),
    ),
  );
const text = (s: string) => bytes(0x8c, s.length, s);

describe("what is no feature file is refused, and nothing is run", () => {
  const refused: [name: string, content: Buffer, message: RegExp][] = [
    [
      "os.system by GLOBAL",
      bytes(0x80, 2, "cos\nsystem\n(S'true'\ntR."),
      /uses os\.system, which files of features/,
    ],
    [
      "eval by STACK_GLOBAL",
      bytes(0x80, 4, [...text("builtins"), ...text("eval")], 0x93, [...text("1")], 0x85, "R."),
      /uses builtins\.eval,/,
    ],
    ["a class by INST", bytes("(ios\nsystem\n."), /uses INST,/],
    ["an object by NEWOBJ", bytes(0x80, 2, "cnumpy\nndarray\n)", 0x81, "."), /uses NEWOBJ,/],
    ["a persistent reference", bytes("Pname\n."), /uses PERSID,/],
    ["an extension code", bytes(0x80, 2, 0x82, 1, "."), /uses EXT1,/],
    ["an out-of-band buffer", bytes(0x80, 5, 0x97, "."), /uses NEXT_BUFFER,/],
    ["numpy.load", bytes("cnumpy\nload\n."), /uses numpy\.load,/],
    ["an unknown operation", bytes(0x80, 2, 0xff), /uses operation 255,/],
    ["a name with control characters", bytes("cos\x1b[31m\nsystem\n."), /uses os\?\[31m\.system,/],
    ["a call of what is no name", bytes("]", ")", "R."), /is damaged \(something is called/],
    ["a state for a list", bytes("]", ")", "b."), /is damaged \(a state is given to what has none/],
    [
      "an object array",
      bytes("cnumpy\ndtype\n(", 0x8c, 2, "O8", "tR."),
      /arrays of type O8; numbers are needed/,
    ],
    ["protocol 9", bytes(0x80, 9, "N."), /protocol 9; 0 to 5 are known/],
    ["an integer of 2 GB", bytes(0x8b, [0, 0, 0, 128], "."), /an integer has 2147483648 bytes/],
    ["text of 2^63 bytes", bytes(0x8d, [0, 0, 0, 0, 0, 0, 0, 128], "."), /is damaged/],
    [
      "tuples within each other",
      bytes("N", new Uint8Array(200).fill(0x85), "."),
      /its tuples stand over 100 deep in each other/,
    ],
    [
      "a name that is a list of lists of lists",
      // A text of it would have 10^60 letters.
      bytes(
        "]",
        ...Array.from({ length: 60 }, () => [
          0x71,
          1,
          ...bytes("]("),
          ...Array(20).fill([0x68, 1]).flat(),
          0x65,
        ]),
        text("x"),
        0x93,
        ".",
      ),
      /is damaged \(a name is no text\)/,
    ],
    ["nothing", bytes(), /ends before the pickle does/],
    ["a stack with two things", bytes("NN."), /do not fit together/],
    ["a number", bytes("K\x01."), /something other than numpy arrays/],
    ["no array", bytes("]."), /holds no arrays/],
  ];
  const out = temporary();
  test.each(refused)("%s", (name, content, message) => {
    const path = join(out, `${name.replace(/\W+/g, "-")}.pkl`);
    writeFileSync(path, content);
    expect(() => readFeaturePickle(path)).toThrow(message);
    expect(() => readFeaturePickle(path)).toThrow(/^[^\n]+$/);
  });
});

test("one array over and over does not make much out of little", () => {
  const path = join(temporary(), "again.pkl");
  const good = readFileSync(join(pickles, "py2-many-p2.pkl"));
  /** The list gets what the memo holds under `key`, so many times more. */
  const repeat = (key: number, times: number) => {
    const more = Array.from({ length: times }, () => bytes("h", key, "a"));
    writeFileSync(path, Buffer.concat([good.subarray(0, -1), ...more, bytes(".")]));
    return readFeaturePickle(path).rows;
  };
  const rows = expected.many.length;
  const key = Array.from({ length: 60 }, (_, k) => k).find((k) => {
    try {
      return repeat(k, 1) === rows + 1;
    } catch {
      return false;
    }
  });
  expect(repeat(key!, 10)).toBe(rows + 10);
  expect(() => repeat(key!, 20_000)).toThrow(
    "is damaged (20003 vectors of 64 values are one and the same, over and over)",
  );
});

test("a text that is longer than any array is refused before it is made", () => {
  const head = Buffer.concat([Buffer.from([0x8d]), Buffer.alloc(8)]);
  head.writeUInt32LE(2 ** 28 + 1, 1);
  const huge = Buffer.concat([head, Buffer.alloc(2 ** 28 + 1)]);
  expect(() => readPickle(huge, "huge.pkl")).toThrow("huge.pkl: is damaged (a text has 268435457 bytes)");
});

const hostile = resolve(import.meta.dirname, "../../../../shared/hostile");
test.skipIf(!existsSync(hostile))("hostile pickles are refused in one line", () => {
  for (const folder of ["hostile/pickle", "fail/pickle"])
    for (const name of readdirSync(join(hostile, folder)))
      expect(() => readFeaturePickle(join(hostile, folder, name)), name).toThrow(/^[ -~]+; \w[ -~]+$/);
});

test("lists that hold each other do not hang the reader", () => {
  // Three lists, each holding the one before it a thousand times: a billion ways to the empty one, in 6 kB.
  const nest = (key: number) =>
    bytes("](", ...Array.from({ length: 1000 }, () => [0x68, key]), "eq", key + 1, "0");
  const path = join(temporary(), "nested.pkl");
  writeFileSync(path, Buffer.concat([bytes("]q", 0, "0"), nest(0), nest(1), nest(2), bytes("h", 3, ".")]));
  expect(() => readFeaturePickle(path)).toThrow("nested.pkl: is damaged (its lists hold each other); fetch");
});

test("a flood of objects is stopped before it fills the memory", () => {
  const before = process.memoryUsage().rss;
  const flood = (operation: string) =>
    expect(() => readPickle(Buffer.from(operation.repeat(3_000_000), "latin1"), "flood.pkl"));
  for (const operation of ["]0", "}0", ")0", "(0", "]q\x000"])
    flood(operation).toThrow("flood.pkl: is damaged (it makes more than 2000000 objects)");
  for (const operation of ["]", "}", ")", "(", "]q\0", "N2"])
    flood(operation).toThrow(
      "flood.pkl: is damaged (more than 131072 of its objects wait to be put together)",
    );
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 30);
});

test("dicts are read, and refused as features", () => {
  const dict = bytes("}(", text("a"), "K", 1, "u.");
  expect(readPickle(dict, "d.pkl")).toEqual({ kind: "dict", entries: ["a", 1] });
  expect(readPickle(bytes("(", text("a"), "K", 1, "d."), "d.pkl")).toEqual({
    kind: "dict",
    entries: ["a", 1],
  });
  expect(() => readPickle(bytes("}", text("a"), "(", "u."), "d.pkl")).toThrow("d.pkl: is damaged");
});

test("an array's shape must fit its bytes", () => {
  const good = readFileSync(join(pickles, "py3-matrix-p4.pkl"));
  const at = good.indexOf(Buffer.from([0x4b, 3, 0x4b, 4, 0x86]));
  expect(at).toBeGreaterThan(0);
  const bad = Buffer.from(good);
  bad[at + 1] = 200;
  expect(() => readPickle(bad, "bad.pkl")).toThrow("bad.pkl: is damaged (an array of 200 x 4 has 48 bytes)");
});

test("vectors of different lengths and values that are not finite are refused", () => {
  const out = temporary();
  const file = (name: string, from: string, change: (b: Buffer) => void) => {
    const content = readFileSync(join(pickles, from));
    change(content);
    writeFileSync(join(out, name), content);
    return join(out, name);
  };
  const nan = file("nan.pkl", "py3-matrix-p5.pkl", (b) =>
    b.writeFloatLE(Number.NaN, b.indexOf(Buffer.from([0x48, 0xc1])) - 2),
  );
  expect(() => readFeaturePickle(nan)).toThrow("vector 1 holds NaN; features must be finite");
});

describe("the authors' layout", () => {
  const root = join(fixtures, "features");
  test("is listed by setting, class and background", () => {
    const { layer, classes, files } = readFeatureFolder(root);
    expect(layer).toBe("conv8");
    expect(classes).toEqual(["ER", "bud neck", "nuclear periphery"]);
    const count = (setting: string) => files.filter((f) => f.setting === setting).length;
    expect(["original", "masked", "same", "cell-free", "different", "self"].map(count)).toEqual([
      3, 3, 3, 9, 9, 0,
    ]);
    for (const f of files) {
      const { rows, dimension, data } = readFeaturePickle(f.path);
      expect([rows, dimension]).toEqual([20, 6]);
      const names = ["bud neck", "ER", "nuclear periphery"];
      expect([names[data[0] * 1024], names[data[1] * 1024] ?? null]).toEqual([f.class, f.background]);
    }
  });
  test("says which layers there are, which folders are missing and which name is wrong", () => {
    expect(() => readFeatureFolder(root, "conv4_1")).toThrow("has no layer conv4_1; choose one of conv8");
    expect(() => readFeatureFolder(pickles)).toThrow(
      "has none of the folders logs_base, logs_mask, logs_batch, logs;",
    );
  });
});
