/**
 * @attn/onnx: the backend on ONNX Runtime. In Node it runs on onnxruntime-node (this file), everywhere else
 *   on onnxruntime-web (`index.web.ts`); the conditions in package.json choose. `./node` and `./web` name one
 *   of them, and `./export` writes models to files without any runtime.
 *
 * To read on: `lower/lower.ts` walks a graph, `lower/ops/index.ts` lists how each op is written,
 * `lower/attention/schedule.ts` turns a block plan into steps, `lower/lsh/schedule.ts` the chunks of LSH
 * attention, and `run/` holds sessions, runs and errors.
 */
import type { Backend } from '@attn/core';
import { onnx as onnxInNode } from './node.ts';
import type { OnnxOptions } from './run/backend.ts';

export type { ExecutionProvider, OnnxOptions } from './run/backend.ts';

/**
 * Creates the backend on ONNX Runtime: on `onnxruntime-node` in Node, on `onnxruntime-web` elsewhere.
 * Whichever runs must be installed beside this package; where it is missing, `probe` says so. Options of one
 * runtime alone, such as `offMainThread`, are at `@attn/onnx/node` and `@attn/onnx/web`. Errors:
 * `INVALID_ARGUMENT`.
 *
 * @example
 * import { createAttn } from '@attn/core';
 * import { onnx } from '@attn/onnx';
 *
 * const attn = await createAttn({ backends: [onnx({ threads: 2 })] });
 */
export const onnx: (options?: OnnxOptions) => Backend = onnxInNode;
