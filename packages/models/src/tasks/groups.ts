/** Takes inputs from a stream in groups that run together. */

/** Most inputs of a group. */
const MOST_INPUTS = 64;

/** A group is full when its texts have this many characters. */
const CHARACTERS = 65_536;

/** A source that takes so many milliseconds for its next input gets answers to those before it. */
const PATIENCE_MS = 50;

/**
 * The inputs of a stream in groups: many short ones, or few long ones, and fewer where the source pauses, so
 * that a program that waits for an answer before it goes on gets that. Nothing is taken before it is needed.
 */
export async function* groupsOf<T>(
  inputs: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<readonly T[], void, undefined> {
  const source = iteratorOf(inputs);
  let group: T[] = [];
  let characters = 0;
  let isOver = false;
  let isPending = false;
  try {
    while (!isOver) {
      isPending = true;
      const next = Promise.resolve(source.next());
      next.catch(() => {}); // it rejects below, maybe after the answers to a group
      if (group.length > 0 && (await isSlow(next))) {
        yield group;
        [group, characters] = [[], 0];
      }
      const result = await next.catch((error: unknown) => {
        isOver = true; // a source that fails is at its end
        throw error;
      });
      isPending = false;
      isOver = result.done === true;
      if (result.done) continue;
      group.push(result.value);
      characters += charactersOf(result.value);
      if (group.length < MOST_INPUTS && characters < CHARACTERS) continue;
      yield group;
      [group, characters] = [[], 0];
    }
    if (group.length > 0) yield group;
  } finally {
    const closing = isOver ? undefined : source.return?.();
    if (!isPending) await closing;
  }
}

function iteratorOf<T>(inputs: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  return Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
}

/** Whether a promise takes longer than a source should. */
async function isSlow(next: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), PATIENCE_MS);
  });
  const isThere = (): boolean => false;
  const answer = await Promise.race([next.then(isThere, isThere), timeout]);
  clearTimeout(timer);
  return answer;
}

/** The characters of all texts in an input. */
export function charactersOf(input: unknown): number {
  if (typeof input === 'string') return input.length;
  if (typeof input !== 'object' || input === null) return 0;
  return Object.values(input).reduce((sum: number, value) => sum + charactersOf(value), 0);
}
