/** Reads a batch of a Longformer, or of LED's encoder: ids, masks, positions, and where global tokens are. */
import { AttnError, type Tensor, type Tensors } from '@attn/core';
import { readInputIds, refuse } from '../inputs/batch.ts';
import { readIds, readMask, type MaskValues } from '../inputs/integers.ts';
import { countPositions } from '../inputs/lengths.ts';
import type { TokenBatch } from '../model.ts';
import { maxLengthOf, type LongformerEncoderConfig } from './config.ts';
import { slotsFor, slotTables, type GlobalMask } from './global-slots.ts';
import type { LongformerShape } from './shape.ts';

/** In masks of Hugging Face and allenai, 2 marks a global token. */
const ATTENTION_MASK: MaskValues = { most: 2, expected: '0 (padding), 1 (a token) or 2 (a global token)' };
const GLOBAL_MASK: MaskValues = { most: 1, expected: '0 (local) or 1 (global)' };

/** Which tokens of ids [B, N] are global where the caller does not say; undefined where none is. */
export type GlobalsOf = (ids: Tensor<'i32'>, padding: Uint8Array | undefined) => Uint8Array | undefined;

/** What reading depends on beside the config. */
export interface BatchReading {
  /** Package and function, as in `AttnError`. */
  readonly where: string;
  readonly architecture: string;
  /** Ids are [B, choices, N], and each choice is a row. */
  readonly isChoice?: boolean;
  /** Default: no token is global. */
  readonly globalsOf?: GlobalsOf;
}

/** A batch, as a graph takes it. */
export interface LongformerBatch {
  readonly ids: Tensor<'i32'>;
  readonly shape: LongformerShape;
  readonly inputs: Tensors;
}

/** Reads a batch. Errors: those of `Model.call`. */
export function readLongformerBatch(
  config: LongformerEncoderConfig,
  batch: TokenBatch,
  reading: BatchReading,
): LongformerBatch {
  const { where, architecture, isChoice = false } = reading;
  // In a multiple choice, ids [B, choices, N] become rows [B · choices, N].
  const axes = isChoice ? ['batch', 'choices', 'length'] : ['batch', 'length'];
  const { ids, shape: axesOfIds } = readInputIds(where, batch, config.vocabSize, axes);
  const [rows, length] = ids.shape;
  const { mask, globals } = readMasks(batch, ids, reading);
  const hasGlobals = globals?.data.includes(1) ?? false;
  const slots = hasGlobals && globals ? slotsFor(config, globals) : undefined;
  refuse(where, architecture, { positionIds: batch.positionIds, task: batch.task });
  const types = typeIds(config, batch, ids.shape, reading);
  const positions = positionIds(where, config, ids);
  return {
    ids,
    shape: {
      batch: rows,
      length,
      choices: isChoice ? axesOfIds[1] : 1,
      padding: mask !== undefined,
      globals: slots !== undefined ? { slots } : hasGlobals ? 'input' : [],
      tokenTypes: types !== undefined,
      positions: 'input',
    },
    inputs: {
      input_ids: ids,
      position_ids: positions,
      ...(mask && { attention_mask: { dtype: 'bool', shape: ids.shape, data: mask } }),
      ...(hasGlobals && globals && globalInputs(globals, slots)),
      ...(types && { token_type_ids: types }),
    },
  };
}

/**
 * The masks of padding and of global tokens, of which none is padding. Both
 * masks can mark global tokens; without a global mask, the model's rule does.
 */
function readMasks(
  { attentionMask, globalAttentionMask }: TokenBatch,
  ids: Tensor<'i32'>,
  { where, globalsOf }: BatchReading,
): { readonly mask: Uint8Array | undefined; readonly globals: GlobalMask | undefined } {
  const readOptional = (name: string, value: unknown, values: MaskValues): Uint8Array | undefined =>
    value === undefined ? undefined : readMask({ where, name }, value, ids.shape, values);
  const mask = readOptional('attentionMask', attentionMask, ATTENTION_MASK);
  const globals =
    readOptional('globalAttentionMask', globalAttentionMask, GLOBAL_MASK) ?? globalsOf?.(ids, mask);
  const [rows, length] = ids.shape;
  const marked = (data: Uint8Array): GlobalMask => ({ shape: [rows, length], data });
  if (mask === undefined) return { mask, globals: globals && marked(globals) };
  return {
    mask: mask.map((value) => Math.min(value, 1)),
    globals: marked(mask.map((value, i) => Number(value === 2 || (value === 1 && globals?.[i] === 1)))),
  };
}

function typeIds(
  { tokenTypes }: LongformerEncoderConfig,
  { tokenTypeIds }: TokenBatch,
  shape: readonly number[],
  { where, architecture }: BatchReading,
): Tensor<'i32'> | undefined {
  if (tokenTypeIds === undefined) return undefined;
  if (tokenTypes === 0) refuse(where, architecture, { tokenTypeIds });
  return readIds({ where, name: 'tokenTypeIds' }, tokenTypeIds, shape, tokenTypes);
}

/**
 * Position ids, counted as in the original. Errors:
 * `INVALID_ARGUMENT` for more tokens than there are positions.
 */
function positionIds(where: string, config: LongformerEncoderConfig, ids: Tensor<'i32'>): Tensor<'i32'> {
  const { positions, padTokenId } = config;
  const maxLength = maxLengthOf(config);
  const [first, skipped] = positions === 'fromZero' ? [0] : [padTokenId + 1, padTokenId];
  const counted = countPositions(ids, first, skipped);
  const { data } = counted;
  const outside = data.findIndex((position) => position >= first + maxLength);
  if (outside < 0) return counted;
  const [, length] = ids.shape;
  const row = Math.floor(outside / length);
  const count = data
    .subarray(row * length, (row + 1) * length)
    .filter((position) => position >= first).length;
  const message = `a row must have at most ${maxLength} tokens, got ${count} in row ${row}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

/** The inputs of a graph for global tokens: the mask, and where they are if the graph has slots for them. */
function globalInputs(globals: GlobalMask, slots: number | undefined): Tensors {
  const { shape, data } = globals;
  const mask = { global_attention_mask: { dtype: 'bool', shape, data } } as const;
  if (slots === undefined) return mask;
  const { rows, results } = slotTables(globals, slots);
  return { ...mask, global_rows: rows, result_rows: results };
}
