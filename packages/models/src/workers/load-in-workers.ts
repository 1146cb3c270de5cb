/** Loads a model whose batches run in worker threads. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { FileStore } from '../files/file-store.ts';
import { loadOn } from '../load.ts';
import type { LoadOptions } from '../load-options.ts';
import type { LoadedModel } from '../loaded-model.ts';
import { readWorkers, type WorkersOptions } from './options.ts';
import { WorkerPool } from './worker-pool.ts';
import { WorkerRuns } from './worker-runs.ts';

const WHERE = 'models/load';

/**
 * Refuses options of loading that cannot reach another thread, or would not share the weights, and fills in
 * the defaults of `workers`. Errors: `INVALID_ARGUMENT`.
 */
export function checkForWorkers(
  { attn, families, inMemory, for: ability }: LoadOptions,
  workers: WorkersOptions,
): Required<WorkersOptions> {
  const refused = Object.entries({ attn, families, inMemory: inMemory || undefined });
  const [extra] = refused.filter(([, value]) => value !== undefined);
  if (extra !== undefined) {
    const message = `workers have backends of their own and share the files of weights, so ${extra[0]} must be absent, got ${show(extra[1])}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  if (ability !== 'generate') return readWorkers(WHERE, workers);
  throw new AttnError('INVALID_ARGUMENT', WHERE, 'workers do not generate texts, got for: "generate"');
}

/**
 * Loads the model of a store that is in folders of this machine. Errors: `UNSUPPORTED` for another store;
 * those of `loadModel`; `BACKEND_UNAVAILABLE`, `MISSING_INPUT` (no `@attn/auto`), `WORKER_DIED`.
 */
export async function loadInWorkers(
  store: FileStore,
  options: LoadOptions,
  { count, backend, threads }: Required<WorkersOptions>,
): Promise<LoadedModel> {
  const { place, name } = store;
  if (place === undefined) {
    const message = `workers share weights that are in files of this machine, and those of ${name} are not: download the model into a folder`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const { architecture, dtype, activations, modules, head, for: ability, signal } = options;
  const loading = { architecture, dtype, activations, modules, head, for: ability };
  const pool = new WorkerPool({ place, backend, threads, loading }, count);
  const fastestInputs = await pool.open(signal);
  try {
    return await loadOn(new WorkerRuns(pool, fastestInputs), store, options);
  } catch (error) {
    await pool.end();
    throw error;
  }
}
