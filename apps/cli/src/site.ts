/** Where a model of texts runs: on the backends of this process, or with `--workers` in worker threads. */
import { show } from '@attn/core/backend';
import type { NodeLoadOptions, WorkersOptions } from '@attn/models/node';
import { badArgument, integer, type Options } from './args.ts';
import { readBackend, whyChosen, withAttn } from './backends.ts';
import type { Command, Context } from './command.ts';

/** The option for worker threads. */
export const WORKERS_OPTION: Command['options'][number] = [
  '--workers <count>',
  'Worker threads that run batches side by side, on onnx unless --backend is wasm or cpu',
];

/** Backends that workers can run on; the first is the default. */
const WORKER_BACKENDS = ['onnx', 'wasm', 'cpu'] as const;

/** A backend that ran, and why that one. */
interface Ran {
  readonly backend: string;
  readonly why: string;
}

/** Where a model runs. */
export interface Site {
  /** Options of `loadModel`. */
  readonly loading: Pick<NodeLoadOptions, 'attn' | 'workers'>;
  /** The backend that has run; undefined where nothing has. */
  ran(): Ran | undefined;
}

/** The workers of `--workers`; undefined without it. Errors: `INVALID_ARGUMENT`. */
export function readWorkers(options: Options): WorkersOptions | undefined {
  const count = integer(options, 'workers', { most: 256 });
  const [first] = WORKER_BACKENDS;
  const name = readBackend(options) ?? first;
  if (count === undefined) return undefined;
  const backend = WORKER_BACKENDS.find((each) => each === name);
  if (backend !== undefined) return { backend, count };
  throw badArgument(
    `--workers is for the backends ${WORKER_BACKENDS.join(', ')}, got --backend ${show(name)}`,
  );
}

/** Does work on the backends of the command line, and releases them. Errors: those of `withAttn`. */
export async function withSite<T>(
  options: Options,
  context: Context,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const workers = readWorkers(options);
  const backend = readBackend(options);
  if (workers !== undefined) {
    const ran = { backend: workers.backend, why: `in workers: ${workers.count}` };
    return work({ loading: { workers }, ran: () => ran });
  }
  return withAttn(backend, context, (attn) =>
    work({
      loading: { attn },
      ran: () => {
        const chosen = attn.explain().find((row) => row.chosen)?.backend;
        if (chosen === undefined) return undefined;
        return { backend: chosen, why: whyChosen(attn, chosen, { byName: backend !== undefined }) };
      },
    }),
  );
}
