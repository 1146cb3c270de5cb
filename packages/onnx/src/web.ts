/** @attn/onnx/web: on onnxruntime-web. */
import { type Backend } from '@attn/core';
import { aBoolean, checkOptions, type OptionKinds } from '@attn/core/backend';
import { ONNX_OPTIONS, onnxBackend, providerName, type OnnxOptions } from './run/backend.ts';
import { notLoaded, ortOf } from './run/load.ts';
import type { OrtModule, Runtime } from './run/runtime.ts';

/** Options of the web entry. */
export interface OnnxWebOptions extends OnnxOptions {
  /**
   * Runs in a worker, so that the page stays responsive; inputs and outputs are copied. Default: true in pages, where the only
   * provider is `wasm`: the others of onnxruntime-web do not run there.
   */
  readonly offMainThread?: boolean;
}

const WEB_OPTIONS: OptionKinds<OnnxWebOptions> = { ...ONNX_OPTIONS, offMainThread: aBoolean };

/**
 * The backend on onnxruntime-web, which must be installed beside this package: its WebAssembly provider, unless others are asked for.
 * All sessions of a page share their threads and their worker: the first backend that is probed decides on both. Errors:
 * `INVALID_ARGUMENT`.
 */
export function onnx(options: OnnxWebOptions = {}): Backend {
  const checked = checkOptions('onnx', options, WEB_OPTIONS);
  return onnxBackend(() => start(checked), checked);
}

async function start({
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
    takesInputs: proxy,
    sharesThreads: true,
    takesWeights: false,
    fusedDense: false,
    sessionOptions: { executionProviders: [...executionProviders], logSeverityLevel: 3, ...sessionOptions },
  };
}

/**
 * The import stands in a `try` of the same function, so that bundlers let a peer be missing. Errors:
 * `BACKEND_UNAVAILABLE`.
 */
async function importOrt(): Promise<OrtModule> {
  try {
    return ortOf(await import('onnxruntime-web'));
  } catch (cause) {
    throw notLoaded('onnxruntime-web', cause);
  }
}

/** Without shared memory there is one. ONNX Runtime gains little beyond four. */
function defaultThreads(): number {
  const isShared = typeof SharedArrayBuffer !== 'undefined';
  return isShared ? Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
}
