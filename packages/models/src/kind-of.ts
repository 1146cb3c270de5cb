/**
 * The class of a value that a caller passed. `instanceof` does not recognise the classes of another realm.
 */

/** Name of a value's class: `Object`, `URL`, `Map`, also of another realm. */
export function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1);
  } catch {
    return 'unreadable';
  }
}
