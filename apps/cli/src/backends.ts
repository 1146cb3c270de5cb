/** The `--backend` option, and the backends of this installation. */
import { createAttn, type AutoOptions } from '@attn/auto';
import { AttnError, type Attn } from '@attn/core';
import { unknownName } from '@attn/core/backend';
import { badArgument, text, type Options } from './args.ts';
import type { Context } from './command.ts';
import { duration } from './terminal/format.ts';

/** Names that `--backend` takes, beside `auto`. */
const BACKENDS = ['cpu', 'wasm', 'webgpu', 'onnx'];

/** Description of the option. */
export const BACKEND_HELP: string = `auto (default), ${BACKENDS.join(', ')}`;

/** The named backend, or undefined for `auto`. Errors: `INVALID_ARGUMENT` for a name that nothing has. */
export function readBackend(options: Options): string | undefined {
  const name = text(options, 'backend') ?? 'auto';
  if (name === 'auto') return undefined;
  if (BACKENDS.includes(name)) return name;
  throw badArgument(`--backend: ${unknownName('backend', name, ['auto', ...BACKENDS])}`);
}

/**
 * Runs `work` with the installed backends and releases them afterwards.
 *
 * Errors: `BACKEND_UNAVAILABLE` when the named backend is not installed or not available here.
 *
 * @param backend of every call; undefined for the best
 * @param options of `createAttn`
 */
export async function withAttn<T>(
  backend: string | undefined,
  { signal }: Context,
  work: (attn: Attn) => Promise<T>,
  options: AutoOptions = {},
): Promise<T> {
  const attn = await createAttn({ ...options, signal });
  try {
    if (backend !== undefined) {
      const found = attn.probe().find(({ name }) => name === backend);
      const reason = found === undefined ? 'it is not installed' : found.available ? undefined : found.reason;
      if (reason !== undefined) {
        throw new AttnError('BACKEND_UNAVAILABLE', 'cli', `backend ${backend} is not available: ${reason}`);
      }
    }
    return await work(attn);
  } finally {
    await attn.dispose();
  }
}

/** Why a backend ran, in a few words, from `explain`. */
export function whyChosen(attn: Attn, backend: string, named: boolean): string {
  if (named) return 'asked for by name';
  const rows = attn.explain();
  if (rows.filter(({ usable }) => usable).length === 1) return 'the only one that can run this here';
  const ms = rows.find((row) => row.backend === backend)?.predictedMs;
  return ms === undefined ? 'chosen' : `the fastest by prediction: ${duration(ms)}`;
}
