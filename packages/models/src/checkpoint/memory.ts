/** A checkpoint in memory: what a program made itself, or changed. */
import { AttnError, byteLengthOf, show, type JsonObject, type Tensor } from '@attn/core';
import type { Checkpoint } from './checkpoint.ts';

/** A checkpoint of these tensors, which it shares. */
export function memoryCheckpoint(
  config: JsonObject,
  tensors: ReadonlyMap<string, Tensor>,
  name = 'a checkpoint in memory',
): Checkpoint {
  const find = (tensor: string): Tensor => {
    const found = tensors.get(tensor);
    if (found !== undefined) return found;
    throw new AttnError('MISSING_INPUT', 'models/checkpoint', `${name} has no tensor ${show(tensor)}`);
  };
  return {
    name,
    config,
    names: [...tensors.keys()],
    has: (tensor) => tensors.has(tensor),
    spec: (tensor) => ({ shape: find(tensor).shape, byteLength: byteLengthOf(find(tensor)) }),
    tensor: async (tensor) => find(tensor),
    close: async () => {},
  };
}
