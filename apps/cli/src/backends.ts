/** The `--backend` option, and the backends of this installation. */
import { createAttn, type AutoOptions } from '@attn/auto';
import { AttnError, type Attn } from '@attn/core';
import { unknownName } from '@attn/core/backend';
import { badArgument, text, type Options } from './args.ts';
import type { Context } from './command.ts';
import { duration } from './terminal/format.ts';

/** Names that `--backend` accepts beside `auto`. */
const BACKENDS = ['cpu', 'wasm', 'webgpu', 'onnx'];

/** Description of the option. */
export const BACKEND_HELP: string = `auto (default), ${BACKENDS.join(', ')}`;

/** Name of the backend, or undefined for `auto`. Errors: `INVALID_ARGUMENT` for an unknown name. */
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
 * @param backend name of the backend that must be available, or undefined for any
 * @param options options of `createAttn`
 */
export async function withAttn<T>(
  backend: string | undefined,
  { signal }: Context,
  work: (attn: Attn) => Promise<T>,
  options: AutoOptions = {},
): Promise<T> {
  // As the default, the name also says which backend a model's layers are loaded for.
  const attn = await createAttn({ ...(backend !== undefined && { backend }), ...options, signal });
  try {
    if (backend !== undefined) {
      const probe = attn.probe().find(({ name }) => name === backend);
      const reason = probe === undefined ? 'it is not installed' : probe.available ? undefined : probe.reason;
      if (reason !== undefined) {
        throw new AttnError('BACKEND_UNAVAILABLE', 'cli', `backend ${backend} is not available: ${reason}`);
      }
    }
    return await work(attn);
  } finally {
    await attn.dispose();
  }
}

/** Says in a few words why a backend ran, from `explain`. `byName`: the user asked for it by name. */
export function whyChosen(attn: Attn, backend: string, { byName }: { readonly byName: boolean }): string {
  if (byName) return 'asked for by name';
  const rows = attn.explain();
  if (rows.filter(({ usable }) => usable).length === 1) return 'the only one that can run this here';
  const ms = rows.find((row) => row.backend === backend)?.predictedMs;
  return ms === undefined ? 'chosen' : `the fastest by prediction: ${duration(ms)}`;
}
