/** How the tokens of a transformer lie: some before the patches (class token, registers), then the patches by rows. */
export interface TokenGrid {
  readonly prefix: number;
  readonly rows: number;
  readonly columns: number;
}

/** Tokens before the patches at most: a class token, a distillation token, registers. */
const MOST_PREFIX = 8;

/**
 * Where the patches are among `count` tokens of an input of `height` x `width` pixels: as given, or found: square
 * patches whose side divides both, with at most eight tokens before them.
 * @throws RangeError, with the remedy, where what is given does not fit or several grids do
 */
export function tokenGrid(
  count: number,
  { height, width }: { readonly height: number; readonly width: number },
  { grid, prefix }: { readonly grid?: readonly number[] | undefined; readonly prefix?: number | undefined },
): TokenGrid {
  if (grid !== undefined) {
    const [rows, columns] = grid;
    const before = prefix ?? count - rows * columns;
    if (before < 0 || before + rows * columns !== count)
      throw new RangeError(
        `has ${count} tokens, not ${rows} x ${columns} patches${prefix === undefined ? "" : ` behind ${tokens(prefix)}`}; correct grid`,
      );
    return { prefix: before, rows, columns };
  }
  const found: TokenGrid[] = [];
  for (let side = 1; side <= Math.min(height, width); side++) {
    if (height % side !== 0 || width % side !== 0) continue;
    const [rows, columns] = [height / side, width / side];
    const before = count - rows * columns;
    if (prefix === undefined ? before < 0 || before > MOST_PREFIX : before !== prefix) continue;
    if (rows * columns > 1 || count === 1) found.push({ prefix: before, rows, columns });
  }
  if (found.length === 1) return found[0];
  const say = `say how many patches there are ("grid": [rows, columns])`;
  if (found.length === 0)
    throw new RangeError(
      `has ${count} tokens${prefix === undefined ? "" : `, ${prefix} of them before the patches`}, which fit no grid of square patches of ${height} x ${width} px; ${say}`,
    );
  throw new RangeError(
    `has ${count} tokens, which may be ${found.map((f) => `${f.rows} x ${f.columns} patches behind ${tokens(f.prefix)}`).join(" or ")}; ${say}`,
  );
}

function tokens(count: number): string {
  return `${count} token${count === 1 ? "" : "s"}`;
}
