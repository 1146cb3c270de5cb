/** What errors of the database mean: which pass by themselves, and what to do about the others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AttnError } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';

const WHERE = 'corpus/store';

/** Conditions of PostgreSQL that pass: lost connections (08, 57P), conflicts of transactions (40). */
const PASSING = /^(08|57P0|40001|40P01|55P03|53300)/;

/** Errors of sockets. */
const SOCKET = /^(ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;

/** The driver says these two without a code. */
const TERMINATED = /connection terminated|client has encountered a connection error/i;

/** How long to wait before each try after the first, in milliseconds: 8 seconds in all. */
const PAUSES: readonly number[] = [50, 200, 500, 1_000, 2_000, 4_000];

/** The code of an error of PostgreSQL or of a socket. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Whether the same statement may succeed in a moment. */
export function passes(error: unknown): boolean {
  const code = codeOf(error);
  return (
    PASSING.test(code) || SOCKET.test(code) || (error instanceof Error && TERMINATED.test(error.message))
  );
}

/** Whether the database has no room left (53100), or no memory (53200). */
export function isFull(error: unknown): boolean {
  return (
    ['53100', '53200', 'ENOSPC', 'EDQUOT'].includes(codeOf(error)) || /No space left/i.test(String(error))
  );
}

/** Runs `work` again while it fails with an error that passes. Errors: the last of `work`, as `AttnError`. */
export async function persist<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    throwIfAborted(signal, WHERE);
    try {
      return await work();
    } catch (error) {
      if (!passes(error) || attempt === PAUSES.length) throw readable(error);
      await sleep(PAUSES[attempt], undefined, { signal }).catch(() => {});
    }
  }
}

/** An error of the database in words that say what to do. Other errors stay as they are. */
export function readable(error: unknown): unknown {
  if (error instanceof AttnError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (isFull(error)) {
    const message = `the store has no room left, and nothing is half-written: make room and index again (${reason})`;
    return new AttnError('RUN_FAILED', WHERE, message, { cause: error });
  }
  if (passes(error)) {
    const message = `the database of the store does not answer: ${reason}`;
    return new AttnError('RUN_FAILED', WHERE, message, { cause: error });
  }
  if (codeOf(error) === '') return error;
  return new AttnError('RUN_FAILED', WHERE, `the database of the store refused a statement: ${reason}`, {
    cause: error,
  });
}
