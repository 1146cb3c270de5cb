/**
 * What backends throw that is no `AttnError`: an error of an API that they call, say. It is as good a reason
 * to try another backend.
 */
import type { Backend } from '../contract/backend.ts';
import { AttnError } from '../errors.ts';

/**
 * Does a backend's work. Anything else than an `AttnError` becomes one of this code, with the error as its
 * cause.
 */
export async function typedFailure<T>(
  backend: Backend,
  code: 'COMPILE_FAILED' | 'RUN_FAILED',
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const op = code === 'RUN_FAILED' ? 'run' : 'compile';
    throw new AttnError(code, `${backend.name}/${op}`, `the backend failed with ${reason}`, { cause });
  }
}
