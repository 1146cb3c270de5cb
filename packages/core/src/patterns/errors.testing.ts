/** For tests of errors. Not published. */
import { AttnError } from '../errors.ts';

/** The code and the message of the error that `action` throws, in a line. */
export function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AttnError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'no error';
}
