/**
 * Compares results with what was declared. A backend says itself what it cannot do, and its test declares
 * it: an unsupported case that was not declared is a failure, and so is a declared case that works.
 */
import type { CaseResult } from './runner.ts';
import { matches } from './select.ts';

/**
 * For each glob of ids, a part of the reason that the backend's `supports` returns for every matching case.
 */
export type Exceptions = Readonly<Record<string, string>>;

/**
 * What is wrong with a result, or undefined.
 *
 * @example
 * verdict(await runCase(backend, testCase), { 'attn:*dtype=f16*': 'no f16' });
 */
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
