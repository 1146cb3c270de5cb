/** Reads the inputs of `encode`, in any of their forms, as a list of texts and of ids. */
import { AttnError, type Tensor } from '@attn/core';
import { show } from '@attn/core/backend';
import {
  hasField,
  isIntegerArray,
  isTensorLike,
  readEntries,
  type ForeignTensor,
  type InputName,
  type IntegerList,
} from '../inputs/entries.ts';
import { readIntegerList } from '../inputs/integers.ts';

/**
 * An input of `encode`: a text, or ids with their special tokens
 * (numbers, bigints, a typed array of integers, or a tensor [tokens]).
 */
export type EncodeInput = string | IntegerList | Tensor | ForeignTensor;

/** Ids with their special tokens, checked. */
type Ids = readonly number[];

/**
 * Reads the inputs of a call. A single text or a single list of ids is one input;
 * a tensor [rows, tokens] is one input for each row. Errors: `INVALID_ARGUMENT`
 * with the value and its place; `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export function readInputs(
  where: string,
  inputs: unknown,
  vocabSize: number = Infinity,
): readonly (string | Ids)[] {
  const items = listOf(where, inputs);
  return items.map((input, i) => {
    if (typeof input === 'string') return input;
    const name = items.length === 1 && isIds(inputs) ? 'ids' : `ids of input ${i}`;
    return readIds({ where, name }, input, vocabSize);
  });
}

/** Reads the ids of one input. Errors: those of `readInputs`. */
export function readIds(label: InputName, input: unknown, vocabSize: number = Infinity): Ids {
  if (typeof input !== 'object' || input === null)
    throw new AttnError(
      'INVALID_ARGUMENT',
      label.where,
      `${label.name} must be a text or a list of ids, got ${show(input)}`,
    );
  if (isFloat(input))
    throw new AttnError(
      'INVALID_DTYPE',
      label.where,
      `${label.name} must be integers, got a tensor of ${input.dtype}`,
    );
  const ids = readIntegerList(label, input, vocabSize);
  if (ids.length > 0) return ids;
  throw new AttnError(
    'INVALID_ARGUMENT',
    label.where,
    `${label.name} must be a list of at least one id, got ${show(input)}`,
  );
}

function listOf(where: string, inputs: unknown): readonly unknown[] {
  if (typeof inputs === 'string' || isIds(inputs)) return [inputs];
  if (isTensorLike(inputs)) return rowsOf(where, inputs);
  if (Array.isArray(inputs)) return inputs;
  const message = `inputs must be a text, a list of ids, or a list of texts and of ids, got ${show(inputs)}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

/** True for a single list of ids, even if not all of its entries are ids. */
function isIds(inputs: unknown): boolean {
  if (isIntegerArray(inputs)) return true;
  return Array.isArray(inputs) && (typeof inputs[0] === 'number' || typeof inputs[0] === 'bigint');
}

function rowsOf(where: string, tensor: Tensor | ForeignTensor): readonly unknown[] {
  if (isFloat(tensor)) return [tensor];
  const { shape, data } = readEntries({ where, name: 'inputs' }, tensor);
  if (shape.length !== 2) return [tensor];
  const [rows, length] = shape;
  const all = Array.from(data);
  return Array.from({ length: rows }, (_, row) => all.slice(row * length, (row + 1) * length));
}

function isFloat(input: object): input is { readonly dtype: unknown } {
  return hasField(input, 'dtype') && (input.dtype === 'f32' || input.dtype === 'f16');
}
