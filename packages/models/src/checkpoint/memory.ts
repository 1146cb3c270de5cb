/** A checkpoint in memory, such as one that a program made or changed itself. */
import { AttnError, type JsonObject, type Tensor } from '@attn/core';
import {
  anObject,
  aString,
  byteLengthOf,
  checkArgument,
  checkTensor,
  isLazy,
  show,
  type Kind,
} from '@attn/core/backend';
import { DTYPE_IN_FILE } from '@attn/safetensors';
import type { Checkpoint } from './checkpoint.ts';

const WHERE = 'models/memoryCheckpoint';

const aMap: Kind = {
  expected: 'a Map of tensors by name',
  test: (value) => Object.prototype.toString.call(value) === '[object Map]',
};

/**
 * Makes a checkpoint of a config and tensors, whose memory it shares.
 * Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`.
 *
 * @example
 * const { tensors } = parseSafetensors(bytes);
 * const model = await longformerFamily.load(memoryCheckpoint(config, tensors));
 */
export function memoryCheckpoint(
  config: JsonObject,
  tensors: ReadonlyMap<string, Tensor>,
  name = 'a checkpoint in memory',
): Checkpoint {
  checkArgument(WHERE, 'config', config, anObject);
  checkArgument(WHERE, 'tensors', tensors, aMap);
  checkArgument(WHERE, 'name', name, aString);
  for (const [tensor, value] of tensors) if (!isLazy(value)) checkTensor(value, WHERE, show(tensor));
  const find = (tensor: string): Tensor => {
    const value = tensors.get(tensor);
    if (value !== undefined) return value;
    throw new AttnError('MISSING_INPUT', 'models/checkpoint', `${name} has no tensor ${show(tensor)}`);
  };
  return {
    name,
    config,
    names: [...tensors.keys()],
    has: (tensor) => tensors.has(tensor),
    spec: (tensor) => {
      const value = find(tensor);
      const fileDtype = DTYPE_IN_FILE[value.dtype];
      return { shape: value.shape, byteLength: byteLengthOf(value), fileDtype };
    },
    tensor: async (tensor) => find(tensor),
    dispose: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
