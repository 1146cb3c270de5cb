/** @attn/onnx/node: on onnxruntime-node. */
import { availableParallelism } from 'node:os';
import { AttnError, type Backend } from '@attn/core';
import { OnnxBackend, providerName, type OnnxOptions } from './run/backend.ts';
import { checkThreads, loadOrt } from './run/load.ts';
import type { Runtime } from './run/runtime.ts';

export type { OnnxOptions };

/**
 * The backend on onnxruntime-node, which must be installed beside this package. `executionProviders` are passed through.
 * Errors: `INVALID_ARGUMENT`.
 */
export function onnx(options: OnnxOptions = {}): Backend {
  checkThreads(options.threads);
  return new OnnxBackend(() => start(options), options);
}

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
  const ort = await loadOrt('onnxruntime-node', () => import('onnxruntime-node'));
  return {
    ort,
    title: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common ?? ''}`.trim(),
    threads,
    providers: executionProviders.map(providerName),
    supported: ort.listSupportedBackends?.().map(({ name }) => name),
    takesInputs: false,
    sharesThreads: false,
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
