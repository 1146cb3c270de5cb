/** What the classes of this package have in common. */
import { aSignal, checkOptions, readEntries } from '@attn/core/backend';

/** What a call may be given beside its texts. */
export interface CallOptions {
  /** Ends the call, which rejects with an `AttnError` of the code `ABORTED`. */
  readonly signal?: AbortSignal;
}

/** Checks what a call is given. Errors: `INVALID_ARGUMENT`. */
export function checkCall(where: string, options: CallOptions): CallOptions {
  return checkOptions(where, options, { signal: aSignal });
}

/** A copy of options, whose names and values are checked where they are used. Errors: `INVALID_ARGUMENT`. */
export function copyOf<T extends object>(where: string, name: string, options: T | undefined): T {
  return Object.fromEntries(readEntries(where, name, options ?? {})) as T;
}
