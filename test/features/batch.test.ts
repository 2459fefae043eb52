import { expect, test } from "vitest";
import { batchRows } from "../../src/features/encoding.ts";

test("batches have 64 rows, 16 of larger crops, and fewer where 16 take over 32 MiB", () => {
  const rows = (side: number, channels: number) =>
    batchRows({ channels: Array.from({ length: channels }, String), height: side, width: side });
  expect(rows(64, 2)).toBe(64);
  expect(rows(128, 4)).toBe(32);
  expect(rows(256, 8)).toBe(16);
  expect(rows(512, 8)).toBe(4);
  expect(rows(4096, 8)).toBe(1);
});
