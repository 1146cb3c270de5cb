/** @attn/onnx/web: the backend on onnxruntime-web. */
import type { Backend } from '@attn/core';
import { aBoolean, checkOptions, type OptionKinds } from '@attn/core/backend';
import { ONNX_OPTIONS, onnxBackend, providerName, type OnnxOptions } from './run/backend.ts';
import { loadError, ortFrom } from './run/load.ts';
import type { OrtModule, Runtime } from './run/runtime.ts';

/** Options of `onnx` on onnxruntime-web. */
export interface OnnxWebOptions extends OnnxOptions {
  /**
   * Run in a worker, so that the page stays responsive; inputs and outputs are then copied. Default: true in
   * pages where the only provider is `wasm`, since the other providers of onnxruntime-web do not run in a
   * worker.
   */
  readonly offMainThread?: boolean;
}

const WEB_OPTIONS: OptionKinds<OnnxWebOptions> = { ...ONNX_OPTIONS, offMainThread: aBoolean };

/**
 * Creates the backend on `onnxruntime-web`, which must be installed beside this package; where it is missing,
 * `probe` says so. The default execution provider is `wasm`. All sessions of a page share their threads and
 * their worker, and the first backend to be probed decides on both. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * import { createAttn } from '@attn/core';
 * import { onnx } from '@attn/onnx/web';
 *
 * const attn = await createAttn({ backends: [onnx({ executionProviders: ['webgpu', 'wasm'] })] });
 */
export function onnx(options: OnnxWebOptions = {}): Backend {
  const checked = checkOptions('onnx', options, WEB_OPTIONS);
  return onnxBackend(() => loadRuntime(checked), checked);
}

async function loadRuntime({
  threads = defaultThreads(),
  executionProviders = ['wasm'],
  sessionOptions,
  offMainThread,
}: OnnxWebOptions): Promise<Runtime> {
  const ort = await importOrt();
  const providers = executionProviders.map(providerName);
  const isPage = (globalThis as { readonly document?: object }).document !== undefined;
  const proxy = offMainThread ?? (isPage && providers.every((name) => name === 'wasm'));
  Object.assign(ort.env.wasm ?? {}, { numThreads: threads, proxy });
  return {
    ort,
    title: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common ?? ''}`.trim(),
    threads,
    providers,
    transfersInputs: proxy,
    sharesThreads: true,
    acceptsExternalWeights: false,
    readsRowsInPlace: false,
    fusedDense: false,
    sessionOptions: { executionProviders: [...executionProviders], logSeverityLevel: 3, ...sessionOptions },
  };
}

/**
 * Imports the runtime. The literal `import()` stands inside a `try` of the same function: only then do
 * bundlers accept that the optional peer is missing. Errors: `BACKEND_UNAVAILABLE`.
 */
async function importOrt(): Promise<OrtModule> {
  try {
    return ortFrom(await import('onnxruntime-web'));
  } catch (cause) {
    throw loadError('onnxruntime-web', cause);
  }
}

/**
 * Default number of threads: 1 without shared memory, else at most 4, beyond which ONNX Runtime gains little.
 */
function defaultThreads(): number {
  const isShared = typeof SharedArrayBuffer !== 'undefined';
  return isShared ? Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
}
