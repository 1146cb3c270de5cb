/**
 * @attn/wasm: kernels emitted as WebAssembly at run time, on 128-bit SIMD and all threads, in Node, Deno, Bun and browsers.
 *
 * To read on: `ops/index.ts` lists the kernels, `attention/attention.ts` walks the plan, `kernels/attention/row-block.ts` is the
 * kernel that it runs, `kernels/register-tile.ts` is the inner loop of everything, and `engine/` has memory and threads.
 */
import { type Backend } from '@attn/core';
import { aBoolean, checkOptions, integer, oneOf, type OptionKinds } from '@attn/core/backend';
import { wasmBackend } from './backend.ts';
import { MOST_HELPERS } from './engine/control.ts';
import { availableThreads } from './engine/threads.ts';
import type { Simd } from './kernels/arithmetic.ts';

/** Options of `wasm`. */
export interface WasmOptions {
  /** How many threads compute, the caller's included. Default: as many as the machine runs at the same time. */
  readonly threads?: number;
  /** Which instructions to use. Default: the best that the engine has. */
  readonly simd?: Simd;
  /** Whether memory is shared with helper threads; without, one thread computes. Default: where the host allows it. */
  readonly sharedMemory?: boolean;
  /**
   * Whether a worker computes and the calling thread only waits. Default: in pages, whose thread must stay
   * free, unless the worker cannot be started, which gives a warning; elsewhere the calling thread computes
   * too, and lets its event loop turn now and then. With `true` the backend is not available where the worker
   * cannot be started.
   */
  readonly offMainThread?: boolean;
  /** Fill every output with NaN before its kernel runs, to prove that kernels overwrite all of it. For tests. */
  readonly poison?: boolean;
}

const WASM_OPTIONS: OptionKinds<WasmOptions> = {
  threads: integer(1, MOST_HELPERS + 1),
  simd: oneOf('relaxed', 'plain'),
  sharedMemory: aBoolean,
  offMainThread: aBoolean,
  poison: aBoolean,
};

export type { Simd } from './kernels/arithmetic.ts';

/**
 * Makes the WebAssembly backend. f32 arithmetic, f32 and f16 tensors; results do not depend on the number of threads.
 * Errors: `INVALID_ARGUMENT` for options that make no sense.
 */
export function wasm(options: WasmOptions = {}): Backend {
  const {
    offMainThread = typeof document === 'object' ? 'preferred' : false,
    threads = availableThreads(),
    ...rest
  } = checkOptions('wasm', options, WASM_OPTIONS);
  return wasmBackend({ ...rest, offMainThread, threads });
}
