/** Cells of a set by field, number and center; grows as tables are read. */
export class CellList {
  #field = new Int32Array(1024);
  #values = new Float64Array(3 * 1024);
  count = 0;

  /** @param object number, NaN where it has none: then its place in the list; @param x column and @param y row of the center in its field, px; the middle of the first pixel is 0 */
  add(field: number, object: number, x: number, y: number): void {
    if (this.count === this.#field.length) {
      const fields = new Int32Array(2 * this.count);
      fields.set(this.#field);
      this.#field = fields;
      const values = new Float64Array(6 * this.count);
      values.set(this.#values);
      this.#values = values;
    }
    this.#field[this.count] = field;
    this.#values.set([Number.isNaN(object) ? this.count + 1 : object, x, y], 3 * this.count);
    this.count++;
  }

  /** The cells of each of `fields` fields from number `from` up to before `to`, in the order in which they came. */
  *byField(
    fields: number,
    from = 0,
    to = fields,
  ): Generator<{ label: number; row: number; column: number }[]> {
    const starts = new Int32Array(fields + 1);
    for (let i = 0; i < this.count; i++) starts[this.#field[i] + 1]++;
    for (let f = 0; f < fields; f++) starts[f + 1] += starts[f];
    const at = starts.slice();
    const order = new Int32Array(this.count);
    for (let i = 0; i < this.count; i++) order[at[this.#field[i]]++] = i;
    for (let f = from; f < to; f++)
      yield Array.from(order.subarray(starts[f], starts[f + 1]), (i) => ({
        label: this.#values[3 * i],
        row: this.#values[3 * i + 2],
        column: this.#values[3 * i + 1],
      }));
  }
}
