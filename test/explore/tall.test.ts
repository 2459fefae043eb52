import fc from "fast-check";
import { expect, test } from "vitest";
import { givenHeight, linesOn, type Place, placeOf, scrolled, TALLEST } from "../../src/explore/tall.ts";

const walls = fc.record({
  total: fc.integer({ min: 2000, max: 400_000_000 }),
  screen: fc.integer({ min: 200, max: 2000 }),
});

test("walls that browsers can scroll are left as they are", () => {
  const wall = { total: TALLEST, screen: 900 };
  expect(scrolled({ at: 0, offset: 0 }, 5000, wall)).toEqual({ at: 5000, offset: 5000 });
  expect(placeOf(123_456, wall)).toEqual({ at: 123_456, offset: 123_456 });
});

test("steps move the wall by what the browser moved, wherever it is", () => {
  fc.assert(
    fc.property(
      walls,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.integer({ min: -200, max: 200 })),
      (wall, part, steps) => {
        let place = placeOf(part * (wall.total - wall.screen), wall);
        for (const step of steps) {
          const at = Math.max(0, Math.min(givenHeight(wall) - wall.screen, place.at + step));
          const next = scrolled(place, at, wall);
          expect(next.offset).toBeGreaterThanOrEqual(0);
          expect(next.offset).toBeLessThanOrEqual(wall.total - wall.screen);
          expect(next.offset - place.offset).toBeCloseTo(at - place.at, 3);
          place = next;
        }
      },
    ),
  );
});

test("both ends can be reached by steps alone, and from there every line", () => {
  const wall = { total: 40 * TALLEST, screen: 900 };
  const lastAt = givenHeight(wall) - wall.screen;
  const walk = (from: Place, step: number, steps: number) => {
    let place = from;
    for (let i = 0; i < steps; i++)
      place = scrolled(place, Math.max(0, Math.min(lastAt, place.at + step)), wall);
    return place;
  };
  expect(walk(placeOf(9000, wall), -100, 90)).toEqual({ at: 0, offset: 0 });
  const last = wall.total - wall.screen;
  expect(walk(placeOf(last - 9000, wall), 100, 90)).toEqual({ at: lastAt, offset: last });
  // A million steps go further than the browser's height.
  expect(walk({ at: 0, offset: 0 }, 100, 200_000).offset).toBe(20_000_000);
});

test("jumps go to the same part of the whole", () => {
  const wall = { total: 10 * TALLEST, screen: 1000 };
  const lastAt = givenHeight(wall) - wall.screen;
  expect(scrolled({ at: 0, offset: 0 }, lastAt, wall).offset).toBe(wall.total - wall.screen);
  expect(scrolled({ at: lastAt, offset: wall.total - wall.screen }, 0, wall)).toEqual({ at: 0, offset: 0 });
  expect(scrolled({ at: 0, offset: 0 }, lastAt / 2, wall).offset).toBe((wall.total - wall.screen) / 2);
});

test("every line on the screen is drawn, and few others", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 50, max: 400 }),
      fc.integer({ min: 0, max: 1500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, high, screen, part) => {
        const wall = { total: count * high, screen };
        const offset = part * Math.max(0, wall.total - screen);
        const { first, last } = linesOn({ offset }, wall, high);
        const drawn = (line: number) => line >= first && line < last;
        for (let line = 0; line < count; line++)
          if ((line + 1) * high > offset && line * high < offset + screen) expect(drawn(line)).toBe(true);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(last).toBeLessThanOrEqual(count);
        expect(last - first).toBeLessThanOrEqual(Math.ceil(screen / high) + 5);
      },
    ),
  );
});
