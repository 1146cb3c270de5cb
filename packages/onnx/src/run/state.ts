/**
 * States of this backend are arrays of JavaScript. A session is fed the arrays as they are; onnxruntime-node
 * reads them in place. What a run writes comes out of the session as rows, which are copied into the arrays.
 */
import { type Graph, type Tensor } from '@attn/core';
import { sizeOf, type HostStateMemory } from '@attn/core/backend';
import { stateOf } from '../lower/state-of.ts';
import type { StateWrite } from '../lower/written-rows.ts';
import type { OrtTensor } from './runtime.ts';
import { fromOrt } from './tensors.ts';

/** Rows of so many bytes are given back at once. */
const LARGE_BYTES = 2 ** 20;

/** Copies the rows that a run wrote into a state, and frees them. */
export function writeState(
  memory: HostStateMemory,
  { state, shape, axis, spec, rows, start }: StateWrite,
  results: Readonly<Record<string, OrtTensor>>,
): void {
  const { data: to } = memory.tensor(state);
  const { data: from } = fromOrt(results[rows], spec);
  const [first] = results[start].data as BigInt64Array;
  const inner = sizeOf(shape.slice(axis + 1));
  const length = spec.shape[axis] * inner;
  const outer = sizeOf(shape.slice(0, axis));
  for (let row = 0; row < outer; row++) {
    const at = (row * shape[axis] + Number(first)) * inner;
    to.set(from.subarray(row * length, (row + 1) * length), at);
  }
  free(from);
}

/** Gives a large array back at once, which the garbage collector may do much later. Nobody reads it again. */
export function free({ buffer }: Tensor['data']): void {
  const { transfer } = buffer as { transfer?(this: ArrayBufferLike, byteLength: number): unknown };
  if (buffer.byteLength >= LARGE_BYTES) transfer?.call(buffer, 0);
}

/** Copies of the outputs of a graph that are the content of its states, after the run has written it. */
export function stateOutputs(memory: HostStateMemory, graph: Graph): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {};
  for (const [name, id] of graph.outputs) {
    const state = stateOf(graph, id);
    if (state === undefined) continue;
    const { dtype, shape } = graph.values[id];
    outputs[name] = { dtype, shape, data: memory.tensor(state).data.slice() };
  }
  return outputs;
}
