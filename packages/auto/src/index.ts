/**
 * `createAttn()` for applications that do not want to list backends. It
 * loads the backends of this project that are installed, the fastest first.
 */
import { createAttn as createAttnFrom, type Attn, type AttnOptions, type Backend } from '@attn/core';
import {
  aBoolean,
  ATTN_OPTIONS,
  checkOptions,
  integer,
  listOf,
  oneOf,
  type OptionKinds,
} from '@attn/core/backend';
import { backendOf, standIn } from './load.ts';

/** Names of the backends, in order of preference. */
const NAMES = [
  'webgpu', // the GPU
  'wasm', // all cores
  'onnx', // all cores, by another library
  'cpu', // one core, anywhere
] as const;

/** The name of a backend of this project. */
export type BackendName = (typeof NAMES)[number];

/** Options of `createAttn`: those of `@attn/core` without the list of backends, and what the backends get. */
export interface AutoOptions extends Omit<AttnOptions, 'backends'> {
  /** Names of the backends to load, in order of preference. Default: all that are installed. */
  readonly backends?: readonly BackendName[];
  /** Threads of each backend that has several, 1 to 256. Default: as many as the machine has cores. */
  readonly threads?: number;
  /**
   * Whether weights stay in their files where a backend can map these (`onnx` in Node), so that threads and
   * processes share one copy of them. Default false: the first graphs have faster copies of their own.
   */
  readonly weightsInPlace?: boolean;
}

/** What backends get. */
type BackendOptions = Pick<AutoOptions, 'threads' | 'weightsInPlace'>;

/**
 * Loads a backend, or returns a stand-in that says why it could not be loaded.
 *
 * Each import must be written here: literally, in the same function as its `try`. Then bundlers
 * include the backends that are installed, and a missing backend does not fail the build: webpack
 * and Rollup warn; esbuild, Vite, Bun and Turbopack say nothing. In a function of its own, or
 * with `.catch()` instead of `try`, the same import is an error for webpack and Turbopack.
 */
async function load(name: BackendName, { threads, weightsInPlace }: BackendOptions): Promise<Backend> {
  try {
    switch (name) {
      case 'webgpu':
        return backendOf((await import('@attn/webgpu')).webgpu, {});
      case 'wasm':
        return backendOf((await import('@attn/wasm')).wasm, { threads });
      case 'onnx':
        return backendOf((await import('@attn/onnx')).onnx, { threads, weightsInPlace });
      case 'cpu':
        return backendOf((await import('@attn/cpu')).cpu, {});
      default:
        return name satisfies never;
    }
  } catch (error) {
    return standIn(name, error);
  }
}

const { backends: _, ...OF_CORE } = ATTN_OPTIONS;

const AUTO_OPTIONS: OptionKinds<AutoOptions> = {
  ...OF_CORE,
  backends: listOf(oneOf(...NAMES), `a list of names of backends: ${NAMES.join(', ')}`),
  threads: integer(1, 256),
  weightsInPlace: aBoolean,
};

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
  const {
    backends: names = NAMES,
    threads,
    weightsInPlace,
    ...rest
  } = checkOptions('auto/createAttn', options, AUTO_OPTIONS);
  const backends = await Promise.all(names.map((name) => load(name, { threads, weightsInPlace })));
  return createAttnFrom({ ...rest, backends });
}
