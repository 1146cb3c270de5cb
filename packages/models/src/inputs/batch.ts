/** Checks batches as callers write them: unknown names, inputs that a model lacks, rows without tokens. */
import { AttnError, type Tensor } from '@attn/core';
import {
  anything,
  aString,
  checkOptions,
  checkTensor,
  contiguous,
  show,
  type OptionKinds,
} from '@attn/core/backend';
import type { TokenBatch, VectorBatch } from '../model.ts';
import { halvesAsNumbers, inputError, shapeOrigin, readEntries } from './entries.ts';
import { readIds } from './integers.ts';

const TOKENS: OptionKinds<TokenBatch> = {
  inputIds: anything,
  attentionMask: anything,
  globalAttentionMask: anything,
  tokenTypeIds: anything,
  positionIds: anything,
  decoderInputIds: anything,
  decoderAttentionMask: anything,
  task: aString,
};

const VECTORS: OptionKinds<VectorBatch> = { inputsEmbeds: anything, attentionMask: anything };

/** Checks the names of a batch. Errors: `INVALID_ARGUMENT`. */
export function checkBatch(where: string, batch: TokenBatch | VectorBatch): TokenBatch | VectorBatch {
  return checkOptions(where, batch, { ...TOKENS, ...VECTORS }, { name: 'the batch' });
}

/** Checks a batch of a model without a decoder of its own. Errors: `INVALID_ARGUMENT`, `MISSING_INPUT`. */
export function checkTokenBatch(where: string, architecture: string, batch: TokenBatch): TokenBatch {
  const { decoderInputIds, decoderAttentionMask, ...checked } = checkSeq2SeqBatch(where, batch);
  refuse(where, architecture, { decoderInputIds, decoderAttentionMask });
  return checked;
}

/** Checks a batch of ids, which may have those of a decoder. Errors: `INVALID_ARGUMENT`, `MISSING_INPUT`. */
export function checkSeq2SeqBatch(where: string, batch: TokenBatch): TokenBatch {
  const checked = checkOptions(where, batch, TOKENS, { name: 'the batch' });
  if (checked.inputIds !== undefined) return checked;
  throw new AttnError('MISSING_INPUT', where, `the batch must have inputIds, got ${show(batch)}`);
}

/** Checks a batch of vectors. Errors: `INVALID_ARGUMENT`, `MISSING_INPUT`. */
export function checkVectorBatch(where: string, batch: VectorBatch): VectorBatch {
  const checked = checkOptions(where, batch, VECTORS, { name: 'the batch' });
  if (checked.inputsEmbeds !== undefined) return checked;
  throw new AttnError('MISSING_INPUT', where, `the batch must have inputsEmbeds, got ${show(batch)}`);
}

/**
 * Reads ids as [rows, length], i32. `axes` names the axes that they must have; the last axis is the tokens.
 * `name` is what the caller calls them. Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export function readInputIds(
  where: string,
  { inputIds }: TokenBatch,
  count: number,
  axes: readonly string[] = ['batch', 'length'],
  name = 'inputIds',
): { readonly ids: Tensor<'i32'>; readonly shape: readonly number[] } {
  const input = { where, name };
  const { shape } = readEntries(input, inputIds);
  if (shape.length !== axes.length) {
    const hint = shape.length === 1 ? ': a batch of one row is a list of one list' : '';
    throw inputError(
      input,
      'INVALID_SHAPE',
      `must be [${axes.join(', ')}], got ${show(shape)}${shapeOrigin(inputIds)}${hint}`,
    );
  }
  const length = shape[shape.length - 1];
  if (length === 0)
    throw inputError(input, 'INVALID_SHAPE', `must have at least one token a row, got ${show(shape)}`);
  const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  return { ids: readIds(input, inputIds, [rows, length], count), shape };
}

/**
 * Reads vectors [batch, length, width] as f32. Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export function readVectors(where: string, { inputsEmbeds }: VectorBatch, width: number): Tensor<'f32'> {
  const input = { where, name: 'inputsEmbeds' };
  checkTensor(inputsEmbeds, where, input.name);
  const { dtype, shape, data } = contiguous(inputsEmbeds);
  if (shape.length !== 3 || shape[2] !== width)
    throw inputError(input, 'INVALID_SHAPE', `must be [batch, length, ${width}], got ${show(shape)}`);
  if (shape[1] === 0)
    throw inputError(input, 'INVALID_SHAPE', `must have at least one vector a row, got ${show(shape)}`);
  if (dtype === 'f16') return { dtype: 'f32', shape, data: halvesAsNumbers(data) };
  // An array of another realm is copied into an array of this realm.
  if (dtype === 'f32')
    return { dtype, shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
  throw inputError(input, 'INVALID_DTYPE', `must be f32 or f16, got ${dtype}`);
}

/** Throws `INVALID_ARGUMENT`, with the name, for inputs that a model does not have. */
export function refuse(where: string, architecture: string, inputs: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(inputs)) {
    if (value === undefined) continue;
    throw new AttnError('INVALID_ARGUMENT', where, `${architecture} has no ${name}, got ${show(value)}`);
  }
}
