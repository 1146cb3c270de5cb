/** The option `workers` of loading: threads beside the caller's that run the batches of a model. */
import { availableParallelism } from 'node:os';
import { checkOptions, integer, oneOf, required, type OptionKinds } from '@attn/core/backend';

/** Backends that workers can run on. */
export const WORKER_BACKENDS = ['onnx', 'wasm', 'cpu'] as const;

/** A backend that workers can run on. */
export type WorkerBackend = (typeof WORKER_BACKENDS)[number];

/** Worker threads that run the batches of a model, each one batch at a time. */
export interface WorkersOptions {
  /** The backend of every worker. It has to be installed, and `@attn/auto` as well. */
  readonly backend: WorkerBackend;
  /**
   * Number of workers, 1 to 256. Default: one for each core; on `wasm`, whose threads share one batch well,
   * a single one.
   */
  readonly count?: number;
  /** Threads of each worker, 1 to 256. Default: the cores, shared out. `cpu` has one in any case. */
  readonly threads?: number;
}

const KINDS: OptionKinds<WorkersOptions> = {
  backend: required(oneOf(...WORKER_BACKENDS)),
  count: integer(1, 256),
  threads: integer(1, 256),
};

/** Checks the option, and fills in defaults. Errors: `INVALID_ARGUMENT`. */
export function readWorkers(
  where: string,
  workers: WorkersOptions,
  cores: number = availableParallelism(),
): Required<WorkersOptions> {
  const { backend, ...sizes } = checkOptions(where, workers, KINDS, { name: 'workers' });
  const count = sizes.count ?? (backend === 'wasm' ? 1 : cores);
  const threads = sizes.threads ?? Math.max(1, Math.floor(cores / count));
  return { backend, count, threads };
}
