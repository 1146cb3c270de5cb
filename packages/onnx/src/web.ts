/** @attn/onnx/web: on onnxruntime-web. */
import type { Backend } from '@attn/core';
import { OnnxBackend, type OnnxOptions } from './run/backend.ts';
import { checkThreads, loadOrt } from './run/load.ts';
import type { Runtime } from './run/runtime.ts';

export type { OnnxOptions };

/**
 * The backend on onnxruntime-web, which must be installed beside this package: its WebAssembly provider, unless others are asked for.
 * All sessions of a page share their threads: the first backend that is probed decides on their number. Errors: `INVALID_ARGUMENT`.
 */
export function onnx(options: OnnxOptions = {}): Backend {
  checkThreads(options.threads);
  return new OnnxBackend(() => start(options), options);
}

async function start({
  threads,
  executionProviders = ['wasm'],
  sessionOptions,
}: OnnxOptions): Promise<Runtime> {
  const ort = await loadOrt('onnxruntime-web', () => import('onnxruntime-web'));
  const wasm = ort.env.wasm as { numThreads?: number } | undefined;
  const isShared = typeof SharedArrayBuffer !== 'undefined';
  const most = isShared ? (globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
  const count = threads ?? Math.min(4, most);
  if (wasm !== undefined) wasm.numThreads = count;
  return {
    ort,
    title: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common ?? ''}`.trim(),
    threads: count,
    providers: executionProviders.map((provider) =>
      typeof provider === 'string' ? provider : String(provider.name),
    ),
    fusedDense: false,
    sessionOptions: { executionProviders: [...executionProviders], logSeverityLevel: 3, ...sessionOptions },
  };
}
