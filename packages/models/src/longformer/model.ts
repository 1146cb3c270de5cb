/** A Longformer with its weights. It turns a batch into a graph and the graph's inputs. */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import { aBoolean, checkArgument, checkOptions, type OptionKinds } from '@attn/core/backend';
import { withFields } from '../argument-kinds.ts';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { checkTokenBatch, readInputIds, refuse } from '../inputs/batch.ts';
import { readIds, readMask, type MaskValues } from '../inputs/integers.ts';
import { checkFixedCall, countPositions } from '../inputs/lengths.ts';
import type { FixedCall, Model, ModelCall, TokenBatch } from '../model.ts';
import { maxLengthOf, type LongformerConfig } from './config.ts';
import { automaticGlobals, globalRule } from './globals.ts';
import { slotsFor, slotTables, type GlobalMask } from './global-slots.ts';
import { longformerGraph } from './graph.ts';
import { outputNames } from './heads.ts';
import type { LongformerShape } from './shape.ts';
import type { LongformerWeights } from './weights.ts';

const WHERE = 'models/longformer';

/** Options of `Longformer.call`. */
export interface LongformerCallOptions {
  /** Adds outputs `hidden_states.<i>`: the input of every layer and the output of the last. Default false. */
  readonly hiddenStates?: boolean;
}

const aConfig = withFields(
  'a config that longformerFamily.load has read',
  'architecture',
  'windows',
  'positions',
);
const theWeights = withFields('weights that longformerFamily.load has read', 'layers', 'head');

const CALL_OPTIONS: OptionKinds<LongformerCallOptions> = { hiddenStates: aBoolean };

/** In masks of Hugging Face and allenai, 2 marks a global token. */
const ATTENTION_MASK: MaskValues = { most: 2, expected: '0 (padding), 1 (a token) or 2 (a global token)' };
const GLOBAL_MASK: MaskValues = { most: 1, expected: '0 (local) or 1 (global)' };

/**
 * A Longformer, or LED's encoder.
 *
 * @example
 * const model = await longformerFamily.load(checkpoint);
 * const { graph, inputs } = model.call({ inputIds: [[0, 5, 2]] });
 */
export class Longformer implements Model {
  readonly family = 'longformer';
  readonly architecture: string;
  readonly maxLength: number;
  readonly vocabSize: number;
  readonly padTokenId: number;
  readonly outputs: readonly string[];
  readonly takesPadding = true;
  readonly takesGlobalTokens = true;
  readonly tokenTypes: number;
  readonly config: LongformerConfig;
  readonly weights: LongformerWeights;
  private readonly graphs: ShapeGraphs<LongformerShape>;

  /** Errors: `INVALID_ARGUMENT`. */
  constructor(config: LongformerConfig, weights: LongformerWeights) {
    checkArgument(WHERE, 'config', config, aConfig);
    checkArgument(WHERE, 'weights', weights, theWeights);
    this.config = config;
    this.weights = weights;
    this.graphs = new ShapeGraphs((shape) => longformerGraph(config, weights, shape));
    this.architecture = config.architecture;
    this.maxLength = maxLengthOf(config);
    this.vocabSize = config.vocabSize;
    this.padTokenId = config.padTokenId;
    this.tokenTypes = config.tokenTypes;
    this.outputs = outputNames(config.architecture, weights.head);
  }

  call(batch: TokenBatch, options: LongformerCallOptions = {}): ModelCall {
    const { hiddenStates = false } = checkOptions(WHERE, options, CALL_OPTIONS);
    const checked = checkTokenBatch(WHERE, batch);
    const { ids, choices } = this.rows(checked);
    const [rows, length] = ids.shape;
    const { mask, globals } = this.masks(checked, ids);
    const hasGlobals = globals?.data.includes(1) ?? false;
    const slots = hasGlobals && globals ? slotsFor(this.config, globals) : undefined;
    refuse(WHERE, this.architecture, { positionIds: checked.positionIds, task: checked.task });
    const types = this.typeIds(checked, ids.shape);
    const positions = this.positionIds(ids);
    const shape: LongformerShape = {
      batch: rows,
      length,
      choices,
      padding: mask !== undefined,
      globals: slots !== undefined ? { slots } : hasGlobals ? 'input' : [],
      tokenTypes: types !== undefined,
      positions: 'input',
      hiddenStates,
    };
    return {
      graph: this.graphs.of(shape),
      inputs: {
        input_ids: ids,
        position_ids: positions,
        ...(mask && { attention_mask: { dtype: 'bool', shape: ids.shape, data: mask } }),
        ...(hasGlobals && globals && globalInputs(globals, slots)),
        ...(types && { token_type_ids: types }),
      },
    };
  }

  fixedGraph(call: FixedCall): Graph {
    const { batch, length, globalTokens, task } = checkFixedCall(WHERE, call, this.maxLength);
    refuse(WHERE, this.architecture, { task });
    const rule = globalRule(this.config.architecture);
    if (globalTokens === undefined && rule !== 'none' && rule !== 'first') {
      throw new AttnError(
        'INVALID_ARGUMENT',
        WHERE,
        `which tokens of ${this.architecture} are global depends on the text: a fixed graph needs globalTokens`,
      );
    }
    const globals = globalTokens ?? (rule === 'first' ? [0] : []);
    return this.graphs.of({ batch, length, padding: false, globals, tokenTypes: false, positions: 'plain' });
  }

  /** The ids as rows [B, N]. In a multiple choice, ids [B, choices, N] become rows [B · choices, N]. */
  private rows(batch: TokenBatch): { readonly ids: Tensor<'i32'>; readonly choices: number } {
    const isChoice = this.config.architecture === 'LongformerForMultipleChoice';
    const axes = isChoice ? ['batch', 'choices', 'length'] : ['batch', 'length'];
    const { ids, shape } = readInputIds(WHERE, batch, this.vocabSize, axes);
    return { ids, choices: isChoice ? shape[1] : 1 };
  }

  /**
   * The masks of padding and of global tokens, of which none is padding. Both
   * masks can mark global tokens; without a global mask, the head's rule does.
   */
  private masks(
    { attentionMask, globalAttentionMask }: TokenBatch,
    ids: Tensor<'i32'>,
  ): { readonly mask: Uint8Array | undefined; readonly globals: GlobalMask | undefined } {
    const readOptional = (name: string, value: unknown, values: MaskValues): Uint8Array | undefined =>
      value === undefined ? undefined : readMask({ where: WHERE, name }, value, ids.shape, values);
    const mask = readOptional('attentionMask', attentionMask, ATTENTION_MASK);
    const globals =
      readOptional('globalAttentionMask', globalAttentionMask, GLOBAL_MASK) ??
      automaticGlobals(this.config, ids, mask);
    const [rows, length] = ids.shape;
    const marked = (data: Uint8Array): GlobalMask => ({ shape: [rows, length], data });
    if (mask === undefined) return { mask, globals: globals && marked(globals) };
    return {
      mask: mask.map((value) => Math.min(value, 1)),
      globals: marked(mask.map((value, i) => Number(value === 2 || (value === 1 && globals?.[i] === 1)))),
    };
  }

  private typeIds({ tokenTypeIds }: TokenBatch, shape: readonly number[]): Tensor<'i32'> | undefined {
    if (tokenTypeIds === undefined) return undefined;
    if (this.tokenTypes === 0) refuse(WHERE, this.architecture, { tokenTypeIds });
    return readIds({ where: WHERE, name: 'tokenTypeIds' }, tokenTypeIds, shape, this.tokenTypes);
  }

  /**
   * Position ids, counted as in the original. Errors:
   * `INVALID_ARGUMENT` for more tokens than there are positions.
   */
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

/** The inputs of a graph for global tokens: the mask, and where they are if the graph has slots for them. */
function globalInputs(globals: GlobalMask, slots: number | undefined): Tensors {
  const { shape, data } = globals;
  const mask = { global_attention_mask: { dtype: 'bool', shape, data } } as const;
  if (slots === undefined) return mask;
  const { rows, results } = slotTables(globals, slots);
  return { ...mask, global_rows: rows, result_rows: results };
}
