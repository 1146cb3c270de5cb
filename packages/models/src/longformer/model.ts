/** A Longformer with its weights: what to feed which graph for a batch. */
import { AttnError, show, type Graph, type Tensor } from '@attn/core';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { asIntegers, asMask, checkIds, checkLength, countPositions } from '../graph/token-inputs.ts';
import type { FixedCall, Model, ModelCall, TokenBatch } from '../model.ts';
import { maxLengthOf, type LongformerConfig } from './config.ts';
import { automaticGlobals, globalRule } from './globals.ts';
import { longformerGraph, type LongformerShape } from './graph.ts';
import { outputNames } from './head.ts';
import type { LongformerWeights } from './weights.ts';

const WHERE = 'models/longformer';

/** Options of one call. */
export interface LongformerCallOptions {
  /** Also give `hidden_states.<i>`, the input of every layer and the output of the last. */
  readonly hiddenStates?: boolean;
}

/** A Longformer, or LED's encoder. */
export class Longformer implements Model {
  readonly family = 'longformer';
  readonly architecture: string;
  readonly maxLength: number;
  readonly padTokenId: number;
  readonly outputs: readonly string[];
  readonly takesPadding = true;
  readonly takesGlobalTokens = true;
  readonly config: LongformerConfig;
  readonly weights: LongformerWeights;
  private readonly graphs: ShapeGraphs<LongformerShape>;

  constructor(config: LongformerConfig, weights: LongformerWeights) {
    this.config = config;
    this.weights = weights;
    this.graphs = new ShapeGraphs((shape) => longformerGraph(config, weights, shape));
    this.architecture = config.architecture;
    this.maxLength = maxLengthOf(config);
    this.padTokenId = config.padTokenId;
    this.outputs = outputNames(config.architecture, weights.head);
  }

  call(batch: TokenBatch, { hiddenStates = false }: LongformerCallOptions = {}): ModelCall {
    const { vocabSize, tokenTypes } = this.config;
    const { ids, choices } = this.rows(batch.inputIds);
    checkIds(WHERE, 'input_ids', ids, vocabSize);
    const [rows, length] = ids.shape;
    const mask = batch.attentionMask && asMask(WHERE, 'attention_mask', batch.attentionMask, ids.shape);
    const given = batch.globalAttentionMask;
    const globals = given
      ? asMask(WHERE, 'global_attention_mask', given, ids.shape).data
      : automaticGlobals(this.config, ids);
    const hasGlobals = globals?.includes(1) ?? false;
    const types = batch.tokenTypeIds && asIntegers(WHERE, 'token_type_ids', batch.tokenTypeIds, ids.shape);
    if (types) checkIds(WHERE, 'token_type_ids', types, tokenTypes);
    const positions = this.positionIds(ids);
    const shape: LongformerShape = {
      batch: rows,
      length,
      choices,
      padding: mask !== undefined,
      globals: hasGlobals ? 'input' : [],
      tokenTypes: types !== undefined,
      positions: 'input',
      hiddenStates,
    };
    return {
      graph: this.graphs.of(shape),
      inputs: {
        input_ids: ids,
        position_ids: positions,
        ...(mask && { attention_mask: mask }),
        ...(hasGlobals &&
          globals && { global_attention_mask: { dtype: 'bool', shape: ids.shape, data: globals } }),
        ...(types && { token_type_ids: types }),
      },
    };
  }

  fixedGraph({ batch, length, globalTokens }: FixedCall): Graph {
    const rule = globalRule(this.config.architecture);
    if (globalTokens === undefined && rule !== 'none' && rule !== 'first') {
      throw new AttnError(
        'INVALID_ARGUMENT',
        WHERE,
        `which tokens of ${this.architecture} are global depends on the text: a fixed graph needs globalTokens`,
      );
    }
    checkLength(WHERE, length, this.maxLength);
    const globals = globalTokens ?? (rule === 'first' ? [0] : []);
    return this.graphs.of({ batch, length, padding: false, globals, tokenTypes: false, positions: 'plain' });
  }

  /** [B, N] as it is; the choices of a multiple choice, [B, choices, N], as rows. */
  private rows(inputIds: Tensor): { readonly ids: Tensor<'i32'>; readonly choices: number } {
    const { shape } = inputIds;
    const isChoice = this.config.architecture === 'LongformerForMultipleChoice';
    if (shape.length !== (isChoice ? 3 : 2)) {
      const axes = isChoice ? '[batch, choices, length]' : '[batch, length]';
      throw new AttnError('INVALID_SHAPE', WHERE, `input_ids must be ${axes}, got ${show(shape)}`);
    }
    const length = shape[shape.length - 1];
    const choices = isChoice ? shape[1] : 1;
    return { ids: asIntegers(WHERE, 'input_ids', inputIds, [shape[0] * choices, length]), choices };
  }

  /** As the original counts them. Errors: `INVALID_ARGUMENT` for more tokens than there are positions. */
  private positionIds(ids: Tensor<'i32'>): Tensor<'i32'> {
    const { positions, padTokenId } = this.config;
    const [first, skipped] = positions === 'fromZero' ? [0] : [padTokenId + 1, padTokenId];
    const counted = countPositions(ids, first, skipped);
    const { data } = counted;
    const outside = data.findIndex((position) => position >= first + this.maxLength);
    if (outside < 0) return counted;
    const [, length] = ids.shape;
    const row = Math.floor(outside / length);
    const count = data
      .subarray(row * length, (row + 1) * length)
      .filter((position) => position >= first).length;
    const message = `a row must have at most ${this.maxLength} tokens, got ${count} in row ${row}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
}
