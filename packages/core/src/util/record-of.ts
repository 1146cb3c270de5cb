/** Tables that follow from a list of names. */

/**
 * A record with one entry for each name.
 *
 * @example
 * recordOf(['a', 'b'], (name) => name.toUpperCase()); // { a: 'A', b: 'B' }
 */
export function recordOf<K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;
}
