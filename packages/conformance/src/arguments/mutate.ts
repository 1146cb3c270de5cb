/** Copies of right arguments with one wrong value. */

/** Path to a value: the index of an argument, then names of fields and indices. */
export type Path = readonly (string | number)[];

/**
 * Paths of all values that can be replaced: each argument, and the
 * fields of plain objects and short lists in it.
 */
export function pathsOf(args: readonly unknown[], depth = 2): Path[] {
  const walk = (value: unknown, path: Path): Path[] => [
    path,
    ...(path.length > depth ? [] : entriesOf(value).flatMap(([name, field]) => walk(field, [...path, name]))),
  ];
  return args.flatMap((value, index) => walk(value, [index]));
}

/** Paths of the arguments that are plain objects. */
export function objectPaths(args: readonly unknown[]): Path[] {
  return pathsOf(args, 0).filter((path) => isPlain(valueAt(args, path)));
}

/** A copy of the arguments with another value at a path. */
export function withValueAt(args: readonly unknown[], path: Path, value: unknown): unknown[] {
  return copyWith(args, path, value) as unknown[];
}

/** The value at a path. */
export function valueAt(args: readonly unknown[], path: Path): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string | number, unknown>)[name], args);
}

function copyWith(value: unknown, [first, ...rest]: Path, replacement: unknown): unknown {
  if (first === undefined) return replacement;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const fields = copy as Record<string | number, unknown>;
  fields[first] = copyWith(fields[first], rest, replacement);
  return copy;
}

/** Most entries of a list that are replaced. */
const FEW = 4;

function entriesOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.slice(0, FEW).map((entry, index) => [index, entry]);
  return isPlain(value) ? Object.entries(value) : [];
}

/**
 * True for an object literal. Results of functions, such as patterns
 * and values of graphs, are frozen, and are replaced only as a whole.
 */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}
