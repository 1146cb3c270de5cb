/** Takes inputs from a stream in groups that run together. */
import { PatientSource, type Source } from '../encode/patient-source.ts';

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
export async function* groupsOf<T>(inputs: Source<T>): AsyncGenerator<readonly T[], void, undefined> {
  const source = new PatientSource(inputs);
  let group: T[] = [];
  let characters = 0;
  try {
    while (!source.isOver) {
      const next = await source.next(group.length > 0 ? PATIENCE_MS : Infinity);
      if (next !== undefined) {
        group.push(next.input);
        characters += charactersOf(next.input);
        if (group.length < MOST_INPUTS && characters < CHARACTERS) continue;
      }
      if (group.length > 0) yield group;
      [group, characters] = [[], 0];
    }
  } finally {
    await source.close();
  }
}

/** The characters of all texts in an input. */
export function charactersOf(input: unknown): number {
  if (typeof input === 'string') return input.length;
  if (typeof input !== 'object' || input === null) return 0;
  return Object.values(input).reduce((sum: number, value) => sum + charactersOf(value), 0);
}
