/**
 * A list whose entries are made when they are asked for, anew each time, and not held: for lists that would take much
 * memory, and of which a few entries are needed at once. Threads are sent the entries.
 */
export function lazyList<T>(length: number, of: (i: number) => T): readonly T[] {
  const list = new Array<T>(length);
  for (let i = 0; i < length; i++)
    Object.defineProperty(list, i, { get: () => of(i), enumerable: true, configurable: true });
  return list;
}
