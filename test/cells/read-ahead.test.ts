import { expect, test } from "vitest";
import { ReadAhead } from "../../src/cells/read-ahead.ts";

/** What has room, in the order in which it got it. */
async function asked(room: ReadAhead, wanted: readonly (readonly [cell: number, values: number])[]) {
  const got: number[] = [];
  for (const [cell, values] of wanted)
    void room
      .of(cell)(values, "x.tif")
      .then(
        () => got.push(cell),
        () => got.push(-cell),
      );
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  await settle();
  return { got, settle };
}

test("crops ahead hold no more than there is room for; the one whose turn it is never waits", async () => {
  const room = new ReadAhead(100);
  const { got, settle } = await asked(room, [
    [0, 1000],
    [1, 60],
    [2, 60],
    [3, 40],
  ]);
  expect(got).toEqual([0]);
  room.release(0);
  await settle();
  expect(got).toEqual([0, 1, 3]);
  room.turn(1);
  room.release(1);
  await settle();
  expect(got).toEqual([0, 1, 3, 2]);
});

test("a crop with several files waits for each, and goes on when its turn comes", async () => {
  const room = new ReadAhead(100);
  const { got, settle } = await asked(room, [
    [1, 90],
    [1, 90],
    [2, 20],
  ]);
  expect(got).toEqual([1]);
  room.turn(1);
  await settle();
  expect(got).toEqual([1, 1]);
});

test("what waits when the import ends is not read", async () => {
  const room = new ReadAhead(10);
  const { got, settle } = await asked(room, [
    [1, 11],
    [2, 12],
  ]);
  room.stop();
  await settle();
  expect(got).toEqual([-1, -2]);
});
