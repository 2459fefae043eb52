import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { type Aggregation, resultTable } from "../../src/evidence/tables.ts";
import {
  PUBLISHED_FILES,
  readPublishedResults,
  writePublishedResults,
} from "../../src/study/published-csv.ts";

const deeploc = resolve(import.meta.dirname, "../../../shared/paper/deeploc");
const there = existsSync(deeploc);

function printed(aggregation: Aggregation): Record<string, string> {
  const [encoder] = resultTable(readPublishedResults(deeploc), aggregation).encoders;
  expect(encoder.encoder).toBe("deeploc");
  return Object.fromEntries(
    encoder.settings.map((s) => [s.setting, `${s.mean.toFixed(3)} +- ${s.error?.toFixed(3)}`]),
  );
}

test.skipIf(!there)("DeepLoc's published tables give the paper's Table 1 to the digit", () => {
  expect(printed("published")).toEqual({
    original: "0.713 +- 0.029",
    same: "0.746 +- 0.030",
    "cell-free": "0.689 +- 0.023",
    different: "0.612 +- 0.025",
    masked: "0.677 +- 0.029",
  });
});

test.skipIf(!there)("even aggregation of the same tables", () => {
  expect(printed("even")).toMatchObject({
    original: expect.stringMatching(/^0\.715 /),
    same: expect.stringMatching(/^0\.746 /),
    "cell-free": expect.stringMatching(/^0\.684 /),
    different: expect.stringMatching(/^0\.618 /),
    masked: expect.stringMatching(/^0\.685 /),
  });
});

test.skipIf(!there)("the authors' files are written back byte by byte, line ends aside", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-"));
  try {
    writePublishedResults(folder, readPublishedResults(deeploc));
    for (const { file } of PUBLISHED_FILES)
      expect(readFileSync(join(folder, file), "utf8")).toBe(
        readFileSync(join(deeploc, file), "utf8").replaceAll("\r\n", "\n"),
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
