/** A Reformer with its weights. It turns a batch into a graph and the graph's inputs. */
import { AttnError, type Graph, type Tensor } from '@attn/core';
import {
  aBoolean,
  checkArgument,
  checkOptions,
  checkTensor,
  contiguous,
  integer,
  show,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import { withFields } from '../argument-kinds.ts';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { checkTokenBatch, readInputIds, refuse } from '../inputs/batch.ts';
import { readPadding } from '../inputs/integers.ts';
import { checkFixedCall, checkLength } from '../inputs/lengths.ts';
import type { FixedCall, GenerationRules, Model, ModelCall, TokenBatch } from '../model.ts';
import type { ReformerConfig } from './config.ts';
import { reformerGraph, rotationShape } from './graph.ts';
import { outputNames } from './heads.ts';
import { chunkLengths, maxLengthOf, paddedLength } from './lengths.ts';
import type { ReformerShape } from './shape.ts';
import type { ReformerWeights } from './weights.ts';

const WHERE = 'models/reformer';

/** Options of `Reformer.call`. */
export interface ReformerCallOptions {
  /**
   * Adds outputs `hidden_states.<i>`: the second stream before every layer and after the last. Default false.
   */
  readonly hiddenStates?: boolean;
  /**
   * Rotations of LSH layers by the layer's number, f32 [heads, head
   * dim, rounds, half the sum of the factors of the buckets].
   */
  readonly rotations?: ReadonlyMap<number, Tensor>;
  /** Draws other rotations than seed 0 does. Default 0. */
  readonly seed?: number;
}

const aMap: Kind = {
  expected: 'a Map of tensors by the number of their layer',
  test: (value) => Object.prototype.toString.call(value) === '[object Map]',
};

const aConfig = withFields(
  'a config that reformerFamily.load has read',
  'architecture',
  'layers',
  'local',
  'lsh',
  'positions',
);
const theWeights = withFields('weights that reformerFamily.load has read', 'layers');

const CALL_OPTIONS: OptionKinds<ReformerCallOptions> = {
  hiddenStates: aBoolean,
  rotations: aMap,
  seed: integer(),
};

/**
 * A Reformer.
 *
 * @example
 * const model = await reformerFamily.load(checkpoint);
 * const { graph, inputs } = model.call({ inputIds: [[0, 5, 2]] });
 */
export class Reformer implements Model {
  readonly family = 'reformer';
  readonly architecture: string;
  readonly maxLength: number;
  readonly vocabSize: number;
  readonly padTokenId: number;
  readonly outputs: readonly string[];
  readonly takesPadding = true;
  readonly takesGlobalTokens = false;
  readonly generation: GenerationRules | undefined;
  readonly config: ReformerConfig;
  readonly weights: ReformerWeights;
  private readonly graphs: ShapeGraphs<ReformerShape>;

  /** Errors: `INVALID_ARGUMENT`. */
  constructor(config: ReformerConfig, weights: ReformerWeights) {
    checkArgument(WHERE, 'config', config, aConfig);
    checkArgument(WHERE, 'weights', weights, theWeights);
    this.config = config;
    this.weights = weights;
    this.graphs = new ShapeGraphs((shape) => reformerGraph(config, weights, shape));
    this.architecture = config.architecture;
    this.maxLength = maxLengthOf(config);
    this.vocabSize = config.vocabSize;
    this.padTokenId = config.padTokenId;
    this.outputs = outputNames(config.architecture);
    const isLanguageModel = config.architecture === 'ReformerModelWithLMHead';
    this.generation = isLanguageModel ? { eosTokenId: config.eosTokenId } : undefined;
  }

  /**
   * Chunks are neighbours in a ring, so the first chunk sees the last; and rounds of
   * hashing see each other. So the states of a row depend a little on how much padding
   * follows it. The lengths returned here change nothing: a short row is one chunk
   * with or without padding, and a longer row is padded to the next multiple anyway.
   */
  graphLength(length: number): number {
    const shortest = Math.min(chunkLengths(this.config).shortest, this.maxLength);
    return paddedLength(this.config, Math.max(length, shortest));
  }

  call(batch: TokenBatch, options: ReformerCallOptions = {}): ModelCall {
    const {
      hiddenStates = false,
      rotations = new Map<number, Tensor>(),
      seed = 0,
    } = checkOptions(WHERE, options, CALL_OPTIONS);
    const { attentionMask, globalAttentionMask, tokenTypeIds, positionIds, task, ...rest } = checkTokenBatch(
      WHERE,
      this.architecture,
      batch,
    );
    refuse(WHERE, this.architecture, { globalAttentionMask, tokenTypeIds, positionIds, task });
    const { ids } = readInputIds(WHERE, rest, this.vocabSize);
    const [rows, length] = ids.shape;
    checkLength(WHERE, length, this.maxLength);
    const mask =
      attentionMask === undefined
        ? undefined
        : readPadding(WHERE, this.architecture, attentionMask, ids.shape);
    const graph = this.graphs.of({
      batch: rows,
      length,
      padding: mask !== undefined,
      rotations: [...rotations.keys()],
      seed,
      hiddenStates,
    });
    return {
      graph,
      inputs: {
        input_ids: ids,
        ...(mask && { attention_mask: padMask(mask, paddedLength(this.config, length)) }),
        ...this.rotationInputs(rotations, length, graph),
      },
    };
  }

  fixedGraph(call: FixedCall): Graph {
    const { batch, length, globalTokens, task } = checkFixedCall(WHERE, call, this.maxLength);
    refuse(WHERE, this.architecture, { globalTokens, task });
    return this.graphs.of({ batch, length, padding: false });
  }

  private rotationInputs(
    rotations: ReadonlyMap<number, Tensor>,
    length: number,
    graph: Graph,
  ): Record<string, Tensor> {
    const expected = rotationShape(this.config, paddedLength(this.config, length));
    const inputs: Record<string, Tensor> = {};
    for (const [layer, rotation] of rotations) {
      const name = `rotations.${layer}`;
      if (this.config.layers[layer] !== 'lsh') {
        const message = `rotations are of LSH layers, got some of layer ${show(layer)}`;
        throw new AttnError('INVALID_ARGUMENT', WHERE, message);
      }
      checkTensor(rotation, WHERE, name);
      if (rotation.dtype !== 'f32') {
        throw new AttnError('INVALID_DTYPE', WHERE, `${name} must be f32, got ${rotation.dtype}`);
      }
      if (rotation.shape.join() !== expected.join()) {
        const message = `${name} must be ${show(expected)}, got ${show(rotation.shape)}`;
        throw new AttnError('INVALID_SHAPE', WHERE, message);
      }
      // A row of one chunk is not hashed, and its graph has no such input.
      if (graph.inputs.has(name)) inputs[name] = contiguous(rotation);
    }
    return inputs;
  }
}

/** Extends a mask [B, N] to [B, P]; the added tokens are hidden. */
function padMask({ shape: [batch, length], data }: Tensor<'bool'>, padded: number): Tensor<'bool'> {
  const mask = new Uint8Array(batch * padded);
  for (let b = 0; b < batch; b++) mask.set(data.subarray(b * length, (b + 1) * length), b * padded);
  return { dtype: 'bool', shape: [batch, padded], data: mask };
}
