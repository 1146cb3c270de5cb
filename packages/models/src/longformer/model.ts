/** A Longformer with its weights. It turns a batch into a graph and the graph's inputs. */
import { AttnError, type Graph } from '@attn/core';
import { aBoolean, checkArgument, checkOptions, type OptionKinds } from '@attn/core/backend';
import { withFields } from '../argument-kinds.ts';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { checkTokenBatch, refuse } from '../inputs/batch.ts';
import { checkFixedCall } from '../inputs/lengths.ts';
import type { FixedCall, Model, ModelCall, TokenBatch } from '../model.ts';
import { readLongformerBatch, type GlobalsOf } from './batch.ts';
import { maxLengthOf, type LongformerConfig } from './config.ts';
import { automaticGlobals, globalRule } from './globals.ts';
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

/**
 * A Longformer.
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
    const { config, architecture } = this;
    const isChoice = architecture === 'LongformerForMultipleChoice';
    const checked = checkTokenBatch(WHERE, architecture, batch);
    const globalsOf: GlobalsOf = (ids, mask) => automaticGlobals(config, ids, mask);
    const reading = { where: WHERE, architecture, isChoice, globalsOf };
    const { shape, inputs } = readLongformerBatch(config, checked, reading);
    return { graph: this.graphs.of({ ...shape, hiddenStates }), inputs };
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
}
