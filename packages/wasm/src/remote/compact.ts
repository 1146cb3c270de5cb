/** Makes tensors ready for messages to a worker. */
import type { Tensor, Tensors } from '@attn/core';
import { ordinaryMemory } from '@attn/core/backend';

/** The tensors, each as `compactTensor` makes it. */
export function compact(tensors: Readonly<Record<string, Tensor>>): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, compactTensor(tensor)]));
}

/**
 * A tensor whose array has a buffer of its own. Cloning an array clones its whole buffer, so a part of a
 * larger buffer is copied first; so is shared memory, which would be shared instead of cloned.
 */
export function compactTensor({ dtype, shape, data }: Tensor): Tensor {
  const isWhole = data.byteLength === data.buffer.byteLength;
  return { dtype, shape, data: isWhole ? ordinaryMemory(data) : data.slice() };
}
