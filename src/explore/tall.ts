/** Height, px, over which browsers clip or misplace what they scroll; under the least limit among them by half. */
export const TALLEST = 8_000_000;

/** Screens over which the browser did not scroll but jump. */
const JUMP = 4;

/** Where a wall that may be taller than browsers allow is scrolled to. */
export interface Place {
  /** Where the browser says it is, px. */
  readonly at: number;
  /** Where that is on the whole wall, px. */
  readonly offset: number;
}

/** Heights of the whole wall and of its part on the screen, px. */
export interface Wall {
  readonly total: number;
  readonly screen: number;
}

/** Height that the browser is given. */
export const givenHeight = ({ total }: Pick<Wall, "total">) => Math.min(total, TALLEST);

/** Where the browser is put to show the whole wall from `offset` on: near its ends so far from the end as that is. */
export function placeOf(offset: number, wall: Wall): Place {
  const given = givenHeight(wall);
  const last = Math.max(0, wall.total - wall.screen);
  const to = Math.max(0, Math.min(last, offset));
  const lastAt = Math.max(0, given - wall.screen);
  const near = 2 * wall.screen;
  if (given === wall.total || to <= near) return { at: to, offset: to };
  if (last - to <= near) return { at: lastAt - (last - to), offset: to };
  const part = Math.round((to / last) * lastAt);
  return { at: Math.max(near, Math.min(lastAt - near, part)), offset: to };
}

/**
 * Where the wall is after the browser scrolled to `at`. Steps of a few screens move it by as much as the browser
 * moved; jumps (the scroll bar was drawn, Home, End) go to the same part of the whole. Near the ends of what the browser knows
 * the answer's `at` may differ from that asked for: the browser must be put there, and nothing moves on the screen.
 */
export function scrolled(before: Place, at: number, wall: Wall): Place {
  const { total, screen } = wall;
  const given = givenHeight(wall);
  if (given === total) return { at, offset: at };
  const last = total - screen;
  const lastAt = given - screen;
  const moved = at - before.at;
  if (Math.abs(moved) > JUMP * screen)
    return { at, offset: Math.max(0, Math.min(last, (at / lastAt) * last)) };
  const offset = Math.max(0, Math.min(last, before.offset + moved));
  return at < screen || at > lastAt - screen ? placeOf(offset, wall) : { at, offset };
}

/** Lines beyond the screen that are drawn before they are scrolled to. */
const BEYOND = 2;

/** Lines of `high` px on the screen of a wall at `place`, and a few before and behind: from `first` to `last` - 1. */
export function linesOn(
  { offset }: Pick<Place, "offset">,
  { total, screen }: Wall,
  high: number,
): { first: number; last: number } {
  const count = Math.round(total / high);
  const last = Math.max(0, Math.min(count, Math.ceil((offset + screen) / high) + BEYOND));
  return { first: Math.max(0, Math.min(last, Math.floor(offset / high) - BEYOND)), last };
}
