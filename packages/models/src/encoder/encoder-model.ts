/**
 * A model of ids [B, N]: what its batches have in common, whatever its layers are. A family says how its
 * graph is built; this class checks batches, finds their shapes, and remembers graphs.
 */
import type { Graph, Tensor, Tensors } from '@attn/core';
import { aBoolean, checkOptions, type OptionKinds } from '@attn/core/backend';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { checkTokenBatch, readInputIds, refuse } from '../inputs/batch.ts';
import { readIds, readMask, type MaskValues } from '../inputs/integers.ts';
import { checkFixedCall, checkLength } from '../inputs/lengths.ts';
import { knownTask } from '../inputs/task.ts';
import type { FixedCall, GenerationRules, Model, ModelCall, TokenBatch } from '../model.ts';
import type { EncoderShape } from './shape.ts';

/** What a family says of one of its models. */
export interface EncoderDefinition {
  /** `modernbert`, `bert`, … */
  readonly family: string;
  /** The original's class. */
  readonly architecture: string;
  /** Most tokens that a row should have: longer texts are split. */
  readonly maxLength: number;
  /** Most tokens that a row can have. Default: `maxLength`; `Infinity` where positions are angles. */
  readonly lengthLimit?: number;
  readonly vocabSize: number;
  readonly padTokenId: number;
  /** Rows of the token type embeddings; 0 where there are none. */
  readonly tokenTypes: number;
  /** Rows of the position embeddings. Absent where positions are angles, 0 where none can be given. */
  readonly positionRows?: number;
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
  /** Ids are [B, choices, N], and each choice is a row. */
  readonly isChoice?: boolean;
  /** Whether rows can be padded. Default true. */
  readonly takesPadding?: boolean;
  readonly generation?: GenerationRules | undefined;
  /** `Model.tasks`. */
  readonly tasks?: ReadonlyMap<string, string> | undefined;
  /** `Model.graphLength`, where results depend on padding. */
  readonly graphLength?: (length: number) => number;
  /** `Model.wordModel`. */
  readonly wordModel?: ((words: readonly number[]) => Model) | undefined;
  /** Builds the graph of a shape. Its inputs are `input_ids` and those that the shape names. */
  graph(shape: EncoderShape): Graph;
  /**
   * The graph's inputs for positions: of these ids, or the `positions` [B, N] of the caller. Undefined where
   * they are those of rows without padding, 0, 1, 2, …, which the graph knows. `mask` has 0 for padding.
   */
  positionInputs(
    ids: Tensor<'i32'>,
    positions: Tensor<'i32'> | undefined,
    mask: Uint8Array | undefined,
  ): Tensors | undefined;
}

/** Options of `EncoderModel.call`. */
export interface EncoderCallOptions {
  /** Adds outputs `hidden_states.<i>`: the input of every layer, and the last one's output. Default false. */
  readonly hiddenStates?: boolean;
}

const CALL_OPTIONS: OptionKinds<EncoderCallOptions> = { hiddenStates: aBoolean };
const MASK: MaskValues = { most: 1, expected: '0 (padding) or 1 (a token)' };

/** How many positions there are where they are angles. */
const POSITIONS = 2 ** 31;

/** A model of ids, as its family defines it. */
export class EncoderModel implements Model {
  readonly family: string;
  readonly architecture: string;
  readonly maxLength: number;
  readonly vocabSize: number;
  readonly padTokenId: number;
  readonly outputs: readonly string[];
  readonly takesPadding: boolean;
  readonly takesGlobalTokens = false;
  readonly tokenTypes: number;
  readonly generation: GenerationRules | undefined;
  readonly tasks: ReadonlyMap<string, string> | undefined;
  readonly graphLength?: (length: number) => number;
  readonly wordModel?: (words: readonly number[]) => Model;
  private readonly definition: EncoderDefinition;
  private readonly graphs: ShapeGraphs<EncoderShape>;
  private readonly where: string;

  constructor(definition: EncoderDefinition) {
    this.definition = definition;
    this.family = definition.family;
    this.architecture = definition.architecture;
    this.maxLength = definition.maxLength;
    this.vocabSize = definition.vocabSize;
    this.padTokenId = definition.padTokenId;
    this.outputs = definition.outputs;
    this.takesPadding = definition.takesPadding ?? true;
    this.tokenTypes = definition.tokenTypes;
    this.generation = definition.generation;
    this.tasks = definition.tasks;
    if (definition.graphLength !== undefined) this.graphLength = definition.graphLength;
    if (definition.wordModel !== undefined) this.wordModel = definition.wordModel;
    this.graphs = new ShapeGraphs((shape) => definition.graph(shape));
    this.where = `models/${definition.family}`;
  }

  call(batch: TokenBatch, options: EncoderCallOptions = {}): ModelCall {
    const { where, definition } = this;
    const { hiddenStates = false } = checkOptions(where, options, CALL_OPTIONS);
    const checked = checkTokenBatch(where, this.architecture, batch);
    const { attentionMask, globalAttentionMask } = checked;
    refuse(where, this.architecture, { globalAttentionMask });
    const { ids, choices } = this.rows(checked);
    const { shape } = ids;
    const [rows, length] = shape;
    checkLength(where, length, definition.lengthLimit ?? this.maxLength);
    if (!this.takesPadding) refuse(where, this.architecture, { attentionMask });
    const mask =
      attentionMask === undefined
        ? undefined
        : readMask({ where, name: 'attentionMask' }, attentionMask, shape, MASK);
    const types = this.typeIds(checked, shape);
    const positions = definition.positionInputs(ids, this.positionIds(checked, shape), mask);
    const graph = this.graphs.of({
      batch: rows,
      length,
      choices,
      padding: mask !== undefined,
      tokenTypes: types !== undefined,
      positions: positions === undefined ? 'plain' : 'input',
      task: this.checkTask(checked.task),
      hiddenStates,
    });
    return {
      graph,
      inputs: {
        input_ids: ids,
        ...(mask && { attention_mask: { dtype: 'bool', shape, data: mask } }),
        ...(types && { token_type_ids: types }),
        ...positions,
      },
    };
  }

  fixedGraph(call: FixedCall): Graph {
    const { where, definition } = this;
    const most = definition.lengthLimit ?? this.maxLength;
    const { batch, length, globalTokens, task } = checkFixedCall(where, call, most);
    refuse(where, this.architecture, { globalTokens });
    return this.graphs.of({
      batch,
      length,
      choices: 1,
      padding: false,
      tokenTypes: false,
      positions: 'plain',
      task: this.checkTask(task),
      hiddenStates: false,
    });
  }

  /** The task of a call, which the model must have. Errors: `INVALID_ARGUMENT`. */
  private checkTask(task: string | undefined): string | undefined {
    return task === undefined ? undefined : knownTask(this.where, this, task);
  }

  /** The ids as rows [B, N]. In a multiple choice, ids [B, choices, N] become rows [B · choices, N]. */
  private rows(batch: TokenBatch): { readonly ids: Tensor<'i32'>; readonly choices: number } {
    const { isChoice = false } = this.definition;
    const axes = isChoice ? ['batch', 'choices', 'length'] : ['batch', 'length'];
    const { ids, shape } = readInputIds(this.where, batch, this.vocabSize, axes);
    return { ids, choices: isChoice ? shape[1] : 1 };
  }

  private typeIds({ tokenTypeIds }: TokenBatch, shape: readonly number[]): Tensor<'i32'> | undefined {
    if (tokenTypeIds === undefined) return undefined;
    if (this.tokenTypes === 0) refuse(this.where, this.architecture, { tokenTypeIds });
    return readIds({ where: this.where, name: 'tokenTypeIds' }, tokenTypeIds, shape, this.tokenTypes);
  }

  private positionIds({ positionIds }: TokenBatch, shape: readonly number[]): Tensor<'i32'> | undefined {
    if (positionIds === undefined) return undefined;
    const { positionRows = POSITIONS } = this.definition;
    if (positionRows === 0) refuse(this.where, this.architecture, { positionIds });
    return readIds({ where: this.where, name: 'positionIds' }, positionIds, shape, positionRows);
  }
}
