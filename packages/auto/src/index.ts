/**
 * `createAttn()` for applications that do not want to list backends. It
 * loads the backends of this project that are installed, the fastest first.
 */
import { createAttn as createAttnFrom, type Attn, type AttnOptions, type Backend } from '@attn/core';
import { ATTN_OPTIONS, checkOptions } from '@attn/core/backend';
import { backendOf, standIn } from './load.ts';

/** Names of the backends, in order of preference. */
const NAMES = [
  'webgpu', // the GPU
  'wasm', // all cores
  'onnx', // all cores, by another library
  'cpu', // one core, anywhere
] as const;

/**
 * Loads a backend, or returns a stand-in that says why it could not be loaded.
 *
 * Each import must be written here: literally, in the same function as its `try`. Then bundlers
 * include the backends that are installed, and a missing backend does not fail the build: webpack
 * and Rollup warn; esbuild, Vite, Bun and Turbopack say nothing. In a function of its own, or
 * with `.catch()` instead of `try`, the same import is an error for webpack and Turbopack.
 */
async function load(name: (typeof NAMES)[number]): Promise<Backend> {
  try {
    switch (name) {
      case 'webgpu':
        return backendOf((await import('@attn/webgpu')).webgpu);
      case 'wasm':
        return backendOf((await import('@attn/wasm')).wasm);
      case 'onnx':
        return backendOf((await import('@attn/onnx')).onnx);
      case 'cpu':
        return backendOf((await import('@attn/cpu')).cpu);
      default:
        return name satisfies never;
    }
  } catch (error) {
    return standIn(name, error);
  }
}

/** Options of `createAttn`: those of `@attn/core` without the list of backends. */
export type AutoOptions = Omit<AttnOptions, 'backends'>;

const { backends: _, ...AUTO_OPTIONS } = ATTN_OPTIONS;

/**
 * Loads the backends that are installed, probes them, and picks the fastest for each call. A backend that
 * could not be loaded is listed by `probe` and `explain` with the reason, and the others work. Errors: those
 * of core's `createAttn`.
 *
 * @example
 * const attn = await createAttn();
 * console.table(attn.explain());
 */
export async function createAttn(options: AutoOptions = {}): Promise<Attn> {
  const checked = checkOptions('auto/createAttn', options, AUTO_OPTIONS);
  return createAttnFrom({ ...checked, backends: await Promise.all(NAMES.map(load)) });
}
