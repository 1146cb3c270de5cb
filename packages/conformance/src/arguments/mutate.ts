/** Right arguments with one thing in them that is wrong. */

/** Where something stands: the number of an argument, then names of fields and indices. */
export type Path = readonly (string | number)[];

/**
 * Every place in the arguments that can be something else: each argument, and the fields of plain objects and
 * short lists in them.
 */
export function pathsOf(args: readonly unknown[], depth = 2): Path[] {
  const walk = (value: unknown, path: Path): Path[] => [
    path,
    ...(path.length > depth ? [] : entriesOf(value).flatMap(([name, field]) => walk(field, [...path, name]))),
  ];
  return args.flatMap((value, index) => walk(value, [index]));
}

/** Paths of the plain objects. */
export function objectPaths(args: readonly unknown[]): Path[] {
  return pathsOf(args, 0).filter((path) => isPlain(at(args, path)));
}

/** A copy of the arguments with another value at a path. */
export function replaced(args: readonly unknown[], path: Path, value: unknown): unknown[] {
  return copyWith(args, path, value) as unknown[];
}

/** What stands at a path. */
export function at(args: readonly unknown[], path: Path): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string | number, unknown>)[name], args);
}

function copyWith(value: unknown, [first, ...rest]: Path, replacement: unknown): unknown {
  if (first === undefined) return replacement;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const fields = copy as Record<string | number, unknown>;
  fields[first] = copyWith(fields[first], rest, replacement);
  return copy;
}

const FEW = 4;

function entriesOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.slice(0, FEW).map((entry, index) => [index, entry]);
  return isPlain(value) ? Object.entries(value) : [];
}

/**
 * Objects that somebody wrote down: what functions return, such as patterns and values of graphs, is frozen
 * and taken whole.
 */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}
