/** @attn/onnx/node: on onnxruntime-node. */
import { availableParallelism } from 'node:os';
import { AttnError, type Backend } from '@attn/core';
import { checkOptions } from '@attn/core/backend';
import { ONNX_OPTIONS, onnxBackend, providerName, type OnnxOptions } from './run/backend.ts';
import { notLoaded, ortOf } from './run/load.ts';
import type { OrtModule, Runtime } from './run/runtime.ts';

export type { OnnxOptions };

/**
 * The backend on onnxruntime-node, which must be installed beside this package. `executionProviders` are passed through.
 * Errors: `INVALID_ARGUMENT`.
 */
export function onnx(options: OnnxOptions = {}): Backend {
  const checked = checkOptions('onnx', options, ONNX_OPTIONS);
  return onnxBackend(() => start(checked), checked);
}

/** The first version that is known to take weights from memory, and from files that other programs wrote. */
const TAKES_WEIGHTS = [1, 30] as const;

async function start({
  threads = availableParallelism(),
  executionProviders = ['cpu'],
  sessionOptions,
}: OnnxOptions): Promise<Runtime> {
  if (typeof process === 'undefined') {
    throw new AttnError(
      'BACKEND_UNAVAILABLE',
      'onnx/probe',
      'onnxruntime-node runs in Node only; import @attn/onnx/web in browsers',
    );
  }
  const ort = await importOrt();
  return {
    ort,
    title: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common ?? ''}`.trim(),
    threads,
    providers: executionProviders.map(providerName),
    supported: ort.listSupportedBackends?.().map(({ name }) => name),
    takesInputs: false,
    sharesThreads: false,
    takesWeights: isAtLeast(ort.env.versions.node ?? ort.env.versions.common, TAKES_WEIGHTS),
    fusedDense: true,
    sessionOptions: {
      executionProviders: [...executionProviders],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      ...sessionOptions,
    },
  };
}

/**
 * The import stands in a `try` of the same function, so that bundlers let a peer be missing. Errors:
 * `BACKEND_UNAVAILABLE`.
 */
async function importOrt(): Promise<OrtModule> {
  try {
    return ortOf(await import('onnxruntime-node'));
  } catch (cause) {
    throw notLoaded('onnxruntime-node', cause);
  }
}

function isAtLeast(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = (version ?? '').split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
