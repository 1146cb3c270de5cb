/** The backends of pipelines whose callers name none, and of worker threads. */
import type { AutoOptions } from '@attn/auto';
import { AttnError, type Attn } from '@attn/core';

/**
 * An `Attn` of all backends that are installed, by `@attn/auto`. Errors: `MISSING_INPUT` where that is not
 * installed.
 *
 * The import is written literally, in the same function as its `try`: so bundlers include `@attn/auto` where
 * it is installed, and do not fail where it is not.
 */
export async function defaultAttn(where: string, options: AutoOptions = {}): Promise<Attn> {
  try {
    const { createAttn } = await import('@attn/auto');
    return await createAttn(options);
  } catch (cause) {
    const message =
      'no backends are named: pass { attn }, or install @attn/auto with the backends that you want';
    throw new AttnError('MISSING_INPUT', where, message, { cause });
  }
}
