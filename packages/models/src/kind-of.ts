/** What a value from outside is an instance of. `instanceof` would not know the classes of another realm. */

/** `Object`, `URL`, `Map`, also of another realm. */
export function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1);
  } catch {
    return 'unreadable';
  }
}
