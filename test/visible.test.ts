import { expect, test } from "vitest";
import { DataError } from "../src/errors.ts";
import { recordError, reviveError } from "../src/files/error-record.ts";
import { oneLine, visible, visibleLines, visiblePath } from "../src/visible.ts";
import { processorMs } from "./processor.ts";

const ESC = String.fromCharCode(27);
const BIDI = String.fromCharCode(0x202e);
const HALF = String.fromCharCode(0xd800);

test("what is hidden is shown escaped, what is visible stays", () => {
  expect(visible(`a${ESC}[31mred`)).toBe("a\\x1b[31mred");
  expect(visible(`gnp.${BIDI}exe`)).toBe("gnp.\\u202eexe");
  expect(visible(`${HALF}x`)).toBe("\\ud800x");
  expect(visible("a\tb\r\nc")).toBe("a\\tb\\r\\nc");
  expect(visible(String.fromCharCode(0, 0x7f, 0x9b, 0x2028, 0xfeff))).toBe(
    "\\x00\\u007f\\u009b\\u2028\\ufeff",
  );
  expect(visible(String.fromCodePoint(0xe0041))).toBe("\\udb40\\udc41");
  const names = "Zellkern ä, 核, μm, 細胞, 👩‍🔬, פרוטאין";
  expect(visible(names)).toBe(names);
});

test("lines stay lines where there are several, and JSON the same JSON", () => {
  expect(visibleLines(`a\nb${ESC}`)).toBe("a\nb\\x1b");
  const value = { name: `a${ESC}${BIDI}${String.fromCharCode(0x9b)}${String.fromCodePoint(0xe0041)}\n` };
  expect(JSON.parse(visibleLines(JSON.stringify(value, null, 2)))).toEqual(value);
});

test("every character below U+3000 is either visible or escaped", () => {
  for (let code = 0; code < 0x3000; code++)
    expect(visible(String.fromCharCode(code))).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+$/u);
});

test("a message is one line of at most 1,000 characters that keeps its file, its value and its remedy", () => {
  const path = "/data/cells.csv";
  const { message, reason } = new DataError(`has the value ${"x".repeat(70_000)}\nin line 3; correct it`, {
    path,
  });
  expect(message).toMatch(
    /^\/data\/cells\.csv: has the value x{100,150}\.\.\.x{50,100}\\nin line 3; correct it$/,
  );
  expect(reason).toBe(message.slice(`${path}: `.length));
  const words = new DataError(`has ${"many words ".repeat(10_000)}; correct it`, { path }).message;
  expect(words.length).toBe(1000);
  expect(words).toMatch(/^\/data\/cells\.csv: has many words .*\.\.\..* many words ; correct it$/);
});

test("a path is shown with its end, and kept as it was given", () => {
  const path = `/data/${"deep/".repeat(900)}a${ESC}\n.csv`;
  const error = new DataError("is missing; restore it", { path });
  expect(error.path).toBe(path);
  expect(error.message).toMatch(/^\/data\/deep\/.*\.\.\..*a\\x1b\\n\.csv: is missing; restore it$/);
  expect(error.message.length).toBeLessThan(500);
  expect(visiblePath("cells.csv")).toBe("cells.csv");
});

test("an error says the same on the other side of a thread", () => {
  const error = new DataError(`holds ${ESC}${"y".repeat(900)}; mend it`, { path: `a${BIDI}.csv` });
  const revived = reviveError(recordError(error)) as DataError;
  expect([revived.message, revived.reason, revived.path]).toEqual([error.message, error.reason, error.path]);
});

test("a line is made of a text of any size at once", () => {
  const start = processorMs();
  expect(oneLine(`${"a".repeat(100)} ${ESC.repeat(50_000_000)}`).length).toBeLessThan(1001);
  expect(processorMs() - start).toBeLessThan(5000);
});
