/** Takes inputs from a stream in groups that run together. */

/** Most inputs of a group. */
const MOST_INPUTS = 64;

/** A group is full when its texts have this many characters. */
const CHARACTERS = 65_536;

/** The inputs of a stream in groups: many short ones, or few long ones. */
export async function* groupsOf<T>(
  inputs: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<readonly T[], void, undefined> {
  let group: T[] = [];
  let characters = 0;
  for await (const input of inputs) {
    group.push(input);
    characters += charactersOf(input);
    if (group.length < MOST_INPUTS && characters < CHARACTERS) continue;
    yield group;
    [group, characters] = [[], 0];
  }
  if (group.length > 0) yield group;
}

/** The characters of all texts in an input. */
export function charactersOf(input: unknown): number {
  if (typeof input === 'string') return input.length;
  if (typeof input !== 'object' || input === null) return 0;
  return Object.values(input).reduce((sum: number, value) => sum + charactersOf(value), 0);
}
