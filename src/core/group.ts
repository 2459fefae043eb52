/** Positions in `items` by key, ascending; keys in the order in which they first come. */
export function groupRows<T, K>(items: ArrayLike<T>, key: (item: T, row: number) => K): Map<K, number[]> {
  const groups = new Map<K, number[]>();
  for (let row = 0; row < items.length; row++) addTo(groups, key(items[row], row), row);
  return groups;
}

/** Adds a value to the group of `key`, which is made where there is none yet. */
export function addTo<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
