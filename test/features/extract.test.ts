import fc from "fast-check";
import { expect, test } from "vitest";
import { sharedOut } from "../../src/features/encoding.ts";

test("every task is dealt once, whoever asks", () => {
  fc.assert(
    fc.property(
      fc.nat(60),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(), { maxLength: 60 }),
      (count, workers, asked) => {
        const take = sharedOut(count, workers);
        const dealt = asked.map((w) => take(w % workers));
        for (let w = 0; w < workers; w++)
          for (let task = take(w); task >= 0; task = take(w)) dealt.push(task);
        const tasks = dealt.filter((task) => task >= 0).sort((a, b) => a - b);
        expect(tasks).toEqual(Array.from({ length: count }, (_, i) => i));
      },
    ),
  );
});

test("workers that take turns go through neighbors, and the last tasks are shared", () => {
  const take = sharedOut(8, 2);
  expect([take(0), take(1), take(0), take(1)]).toEqual([0, 4, 1, 5]);
  expect([take(0), take(0), take(0), take(0), take(1), take(1)]).toEqual([2, 3, 7, 6, -1, -1]);
});
