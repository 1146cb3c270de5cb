/**
 * `createAttn()` for applications that do not want to list backends: those of this project that are installed, the
 * fastest first, each loaded only here and now. Applications that ship to a browser list their own, so that bundlers see them.
 */
import {
  ATTN_OPTIONS,
  checkOptions,
  createAttn as createAttnFrom,
  type Attn,
  type AttnOptions,
} from '@attn/core';
import { loadBackends, type Loader } from './load.ts';

/** One line a backend, in order of preference. */
const LOADERS: readonly Loader[] = [
  { name: 'webgpu', package: '@attn/webgpu', load: async () => (await import('@attn/webgpu')).webgpu() },
  { name: 'wasm', package: '@attn/wasm', load: async () => (await import('@attn/wasm')).wasm() },
  { name: 'onnx', package: '@attn/onnx', load: async () => (await import('@attn/onnx/runtime')).onnx() },
  { name: 'cpu', package: '@attn/cpu', load: async () => (await import('@attn/cpu')).cpu() },
];

/** Options of `createAttn`: core's, but for the list of backends. */
export type AutoOptions = Omit<AttnOptions, 'backends'>;

const { backends: _, ...AUTO_OPTIONS } = ATTN_OPTIONS;

/**
 * Loads the backends that are installed, probes them, and picks the fastest for each call. One that is not installed is
 * listed by `probe` and `explain` with that reason. Errors: those of core's `createAttn`.
 */
export async function createAttn(options: AutoOptions = {}): Promise<Attn> {
  const checked = checkOptions('auto/createAttn', options, AUTO_OPTIONS);
  return createAttnFrom({ ...checked, backends: await loadBackends(LOADERS) });
}
