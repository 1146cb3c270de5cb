/**
 * @attn/onnx: graphs as ONNX models. `./node` and `./web` run them on ONNX Runtime; `exportOnnx` writes them to files that any
 * ONNX Runtime runs, in any language.
 *
 * To read on: `lower/lower.ts` walks a graph, `lower/ops/index.ts` lists how each op is written, `lower/attention/schedule.ts`
 * turns a block plan into steps, `lower/lsh/schedule.ts` the chunks of LSH attention.
 */
export { exportOnnx, type ExportedModel, type ExportOptions } from './export.ts';
