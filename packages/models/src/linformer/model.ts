/** A Linformer with its weights. It turns a batch into a graph and the graph's inputs. */
import { AttnError, type Graph, type Tensor } from '@attn/core';
import { checkArgument } from '@attn/core/backend';
import { withFields } from '../argument-kinds.ts';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { checkTokenBatch, checkVectorBatch, readInputIds, readVectors, refuse } from '../inputs/batch.ts';
import { readPadding } from '../inputs/integers.ts';
import { checkFixedCall, checkLength, countPositions } from '../inputs/lengths.ts';
import type { FixedCall, Model, ModelCall, TokenBatch, VectorBatch } from '../model.ts';
import { WHERE } from './common-config.ts';
import type { LinformerConfig } from './config.ts';
import type { FairseqConfig } from './fairseq/config.ts';
import { fairseqOutputNames } from './fairseq/heads.ts';
import type { LucidrainsConfig } from './lucidrains/config.ts';
import { lucidrainsOutputNames } from './lucidrains/heads.ts';
import { fairseqGraph } from './fairseq/graph.ts';
import type { FairseqWeights } from './fairseq/weights.ts';
import type { LinformerShape } from './shape.ts';
import { lucidrainsGraph } from './lucidrains/graph.ts';
import type { LucidrainsWeights } from './lucidrains/weights.ts';

/** A config and the weights that belong to it. */
export type LinformerParts =
  | { readonly origin: 'lucidrains'; readonly config: LucidrainsConfig; readonly weights: LucidrainsWeights }
  | { readonly origin: 'fairseq'; readonly config: FairseqConfig; readonly weights: FairseqWeights };

const theParts = withFields(
  'origin, config and weights as linformerFamily.load reads them',
  'origin',
  'config',
  'weights',
);

/**
 * A Linformer of either origin.
 *
 * @example
 * const model = await linformerFamily.load(checkpoint);
 * const { graph, inputs } = model.call({ inputIds: [[0, 5, 2]] });
 */
export class Linformer implements Model {
  readonly family = 'linformer';
  readonly architecture: string;
  readonly maxLength: number;
  readonly vocabSize: number | undefined;
  readonly padTokenId: number;
  readonly outputs: readonly string[];
  readonly takesPadding = true;
  readonly takesGlobalTokens = false;
  readonly config: LinformerConfig;
  readonly weights: LucidrainsWeights | FairseqWeights;
  private readonly graphs: ShapeGraphs<LinformerShape>;

  /** Errors: `INVALID_ARGUMENT`. */
  constructor(parts: LinformerParts) {
    checkArgument(WHERE, 'parts', parts, theParts);
    const { architecture, maxLength, padTokenId } = parts.config;
    this.config = parts.config;
    this.weights = parts.weights;
    this.architecture = architecture;
    this.maxLength = maxLength;
    this.vocabSize = parts.config.vocabSize;
    this.padTokenId = padTokenId;
    this.outputs = outputNames(parts.config);
    this.graphs = new ShapeGraphs(builderOf(parts));
  }

  call(batchOfIds: TokenBatch): ModelCall {
    const { vocabSize, padTokenId } = this.config;
    const { attentionMask, globalAttentionMask, tokenTypeIds, positionIds, task, ...rest } = checkTokenBatch(
      WHERE,
      this.architecture,
      batchOfIds,
    );
    if (vocabSize === undefined) {
      const message = `this ${this.architecture} has no table of words and takes inputsEmbeds [batch, length, ${this.config.width}], got inputIds`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    refuse(WHERE, this.architecture, { globalAttentionMask, tokenTypeIds, positionIds, task });
    const { ids } = readInputIds(WHERE, rest, vocabSize);
    const [batch, length] = ids.shape;
    checkLength(WHERE, length, this.maxLength); // padding counts: E and F have a column for each position
    const padding = this.padding(attentionMask, ids.shape);
    const knowsPadding = this.config.origin === 'fairseq';
    // Without a mask fairseq treats the padding id as padding, but only in the embeddings.
    const byId = knowsPadding && padding === undefined && ids.data.includes(padTokenId);
    const mask = byId ? notPadding(ids, padTokenId) : padding;
    return {
      graph: this.graphs.of({
        batch,
        length,
        padding: mask === undefined ? 'none' : byId ? 'embeddings' : 'layers',
        positions: knowsPadding ? 'input' : 'plain',
      }),
      inputs: {
        input_ids: ids,
        ...(mask && { attention_mask: mask }),
        ...(knowsPadding && { position_ids: countPositions(ids, padTokenId + 1, padTokenId) }),
      },
    };
  }

  /** Takes vectors, in a `Linformer` without word embeddings. */
  callVectors(batchOfVectors: VectorBatch): ModelCall {
    const { vocabSize, width } = this.config;
    const { attentionMask, ...rest } = checkVectorBatch(WHERE, batchOfVectors);
    if (vocabSize !== undefined) {
      const message = `${this.architecture} takes inputIds, got inputsEmbeds`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    const vectors = readVectors(WHERE, rest, width);
    const [batch, length] = vectors.shape;
    checkLength(WHERE, length, this.maxLength);
    const mask = this.padding(attentionMask, [batch, length]);
    return {
      graph: this.graphs.of({ batch, length, padding: mask ? 'layers' : 'none', positions: 'plain' }),
      inputs: { inputs_embeds: vectors, ...(mask && { attention_mask: mask }) },
    };
  }

  fixedGraph(call: FixedCall): Graph {
    const { batch, length, globalTokens, task } = checkFixedCall(WHERE, call, this.maxLength);
    refuse(WHERE, this.architecture, { globalTokens, task });
    return this.graphs.of({ batch, length, padding: 'none', positions: 'plain' });
  }

  private padding(mask: unknown, shape: readonly number[]): Tensor<'bool'> | undefined {
    return mask === undefined ? undefined : readPadding(WHERE, this.architecture, mask, shape);
  }
}

function outputNames(config: LinformerConfig): readonly string[] {
  return config.origin === 'lucidrains'
    ? lucidrainsOutputNames(config.architecture)
    : fairseqOutputNames(config.architecture);
}

function builderOf(parts: LinformerParts): (shape: LinformerShape) => Graph {
  switch (parts.origin) {
    case 'lucidrains':
      return (shape) => lucidrainsGraph(parts.config, parts.weights, shape);
    case 'fairseq':
      return (shape) => fairseqGraph(parts.config, parts.weights, shape);
    default:
      return parts satisfies never;
  }
}

/** Mask that is 0 at the padding id and 1 elsewhere. */
function notPadding({ shape, data }: Tensor<'i32'>, padTokenId: number): Tensor<'bool'> {
  return { dtype: 'bool', shape, data: Uint8Array.from(data, (id) => (id === padTokenId ? 0 : 1)) };
}
