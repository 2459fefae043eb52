/**
 * Deals units that stay in their order to `parts` parts whose weights are as equal as whole units allow.
 * @param weights of the units, none negative
 * @returns parts + 1 numbers: part p has the units from the p-th up to before the next; a part may be empty
 */
export function deal(weights: ArrayLike<number>, parts: number): Float64Array {
  const bounds = new Float64Array(parts + 1).fill(weights.length);
  bounds[0] = 0;
  let total = 0;
  for (let unit = 0; unit < weights.length; unit++) total += weights[unit];
  let sum = 0;
  let unit = 0;
  for (let part = 1; part < parts; part++) {
    const wanted = (total * part) / parts;
    // A unit goes to the part in which its middle lies.
    while (unit < weights.length && sum + weights[unit] / 2 < wanted) sum += weights[unit++];
    bounds[part] = unit;
  }
  return bounds;
}
