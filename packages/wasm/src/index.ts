/**
 * @attn/wasm: kernels emitted as WebAssembly at run time, on 128-bit SIMD and all threads, in Node, Deno, Bun
 * and browsers.
 *
 * To read on: `ops/index.ts` lists the kernels, `attention/attention.ts` walks the plan,
 * `kernels/attention/row-block.ts` is the kernel that it runs, `kernels/register-tile.ts` is the inner loop
 * of all products, and `engine/` has memory and threads.
 */
import { type Backend } from '@attn/core';
import { aBoolean, checkOptions, integer, oneOf, type OptionKinds } from '@attn/core/backend';
import { wasmBackend } from './backend.ts';
import { MAX_HELPERS } from './engine/control.ts';
import { availableThreads } from './engine/threads.ts';
import type { Simd } from './kernels/arithmetic.ts';

/**
 * Options of `wasm`.
 *
 * @example
 * ```ts
 * const options: WasmOptions = { threads: 2, simd: 'plain' };
 * const attn = await createAttn({ backends: [wasm(options)] });
 * ```
 */
export interface WasmOptions {
  /** Number of threads that compute, including the caller's. Default: as many as the machine runs at once. */
  readonly threads?: number;
  /** Instructions to use. Default: the best that the engine has. */
  readonly simd?: Simd;
  /**
   * Whether helper threads share the memory; without them one thread computes. Default: `true` where the
   * runtime allows it.
   */
  readonly sharedMemory?: boolean;
  /**
   * Whether a worker computes, so that the calling thread stays free. Default: in pages a worker computes, or
   * with a warning the page's own thread if the worker does not start; elsewhere the calling thread computes,
   * and runs its event loop now and then. With `true` the backend is unavailable where no worker starts.
   */
  readonly offMainThread?: boolean;
  /**
   * For tests: fills every output with NaN before its kernel runs, to prove that the kernel writes all of it.
   */
  readonly poison?: boolean;
}

const WASM_OPTIONS: OptionKinds<WasmOptions> = {
  threads: integer(1, MAX_HELPERS + 1),
  simd: oneOf('relaxed', 'plain'),
  sharedMemory: aBoolean,
  offMainThread: aBoolean,
  poison: aBoolean,
};

export type { Simd } from './kernels/arithmetic.ts';

/**
 * Makes the WebAssembly backend: f32 arithmetic on f32 and f16 tensors. Results do not depend on the number
 * of threads. Errors: `INVALID_ARGUMENT` for options that make no sense.
 *
 * @example
 * ```ts
 * import { createAttn } from '@attn/core';
 * import { wasm } from '@attn/wasm';
 *
 * const attn = await createAttn({ backends: [wasm({ threads: 4 })] });
 * ```
 */
export function wasm(options: WasmOptions = {}): Backend {
  const {
    offMainThread = typeof document === 'object' ? 'preferred' : false,
    threads = availableThreads(),
    ...rest
  } = checkOptions('wasm', options, WASM_OPTIONS);
  return wasmBackend({ ...rest, offMainThread, threads });
}
