/**
 * Whether a result is what was declared. What a backend cannot do it says
 * itself, and its test declares it: a case that is unsupported without having
 * been declared is a failure, and so is one that was declared and works.
 */
import type { CaseResult } from './runner.ts';
import { matches } from './select.ts';

/**
 * For each glob of ids a part of the reason that the backend's `supports` gives for every case that matches.
 */
export type Exceptions = Readonly<Record<string, string>>;

/** What is wrong with a result, or undefined. */
export function verdict(result: CaseResult, exceptions: Exceptions): string | undefined {
  const { id, status } = result;
  const reasons = Object.entries(exceptions).filter(([glob]) => matches(glob, id));
  if (status === 'failed') return result.message;
  if (status === 'passed')
    return reasons.length === 0 ? undefined : `${id} was declared unsupported, but works`;
  if (reasons.length === 0) return `${id} is unsupported, but was not declared so: ${result.reason}`;
  const isKnown = reasons.some(([, reason]) => result.reason.includes(reason));
  return isKnown ? undefined : `${id} is unsupported for another reason than declared: ${result.reason}`;
}
