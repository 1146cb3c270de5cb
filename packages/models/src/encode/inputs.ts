/** Reads the inputs of `encode`, in any of their forms, as a list of texts, of pairs and of ids. */
import { AttnError, type Tensor } from '@attn/core';
import { anything, aString, checkArgument, checkOptions, show, type OptionKinds } from '@attn/core/backend';
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
import type { TextInput, TokenizedInput } from '../tokenizer.ts';

/**
 * An input of `encode`: a text; a pair of texts `{ text, pair }`; either with its tokens; or ids with their
 * special tokens (numbers, bigints, a typed array of integers, or a tensor [tokens]).
 */
export type EncodeInput = string | TextInput | TokenizedInput | IntegerList | Tensor | ForeignTensor;

/** Ids with their special tokens, checked. */
type Ids = readonly number[];

/** A text or a pair, which may have its tokens. */
export type CheckedText = TextInput & Partial<TokenizedInput>;

/** An input, checked: a text, a pair, or ids. */
export type CheckedInput = CheckedText | Ids;

const TEXT_INPUT: OptionKinds<CheckedText> = {
  text: anything,
  pair: anything,
  tokens: anything,
  prompt: aString,
};

/**
 * Reads the inputs of a call. A single text, pair or list of ids is one input;
 * a tensor [rows, tokens] is one input for each row. Errors: `INVALID_ARGUMENT`
 * with the value and its place; `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export function readInputs(
  where: string,
  inputs: unknown,
  vocabSize: number = Infinity,
): readonly CheckedInput[] {
  const items = listOf(where, inputs);
  return items.map((input, i) => {
    const of = isIds(inputs) || isTextInput(inputs) ? '' : ` of input ${i}`;
    if (typeof input === 'string') return { text: input };
    if (isTextInput(input)) return readTextInput(where, of, input);
    return readIds({ where, name: `ids${of}` }, input, vocabSize);
  });
}

/** Reads a text or a pair. Errors: `INVALID_ARGUMENT`. */
function readTextInput(where: string, of: string, input: TextInput): CheckedText {
  const { text, pair, ...rest } = checkOptions<CheckedText>(where, input, TEXT_INPUT, {
    name: `the pair${of}`,
  });
  checkArgument(where, `text${of}`, text, aString);
  if (pair === undefined) return { text, ...rest };
  return { text, pair: checkArgument(where, `pair${of}`, pair, aString), ...rest };
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
  if (typeof inputs === 'string' || isIds(inputs) || isTextInput(inputs)) return [inputs];
  if (isTensorLike(inputs)) return rowsOf(where, inputs);
  if (Array.isArray(inputs)) return inputs;
  const message = `inputs must be a text, a pair { text, pair }, a list of ids, or a list of these, got ${show(inputs)}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

/** True for a single list of ids, even if not all of its entries are ids. */
function isIds(inputs: unknown): boolean {
  if (isIntegerArray(inputs)) return true;
  return Array.isArray(inputs) && (typeof inputs[0] === 'number' || typeof inputs[0] === 'bigint');
}

/** True for a text or a pair in an object, even if not all of it is there. */
function isTextInput(input: unknown): input is TextInput {
  return !isTensorLike(input) && (hasField(input, 'text') || hasField(input, 'pair'));
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
