/** A Linformer with its weights: what to feed which graph for a batch. */
import { AttnError, show, type Graph, type Tensor } from '@attn/core';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import {
  asIntegers,
  asMask,
  asNumbers,
  checkIds,
  checkLength,
  countPositions,
  refuse,
} from '../graph/token-inputs.ts';
import type { FixedCall, Model, ModelCall, TokenBatch, VectorBatch } from '../model.ts';
import type { FairseqConfig, LinformerConfig, LucidrainsConfig } from './config.ts';
import { fairseqGraph } from './fairseq-graph.ts';
import type { FairseqWeights } from './fairseq-weights.ts';
import type { LinformerShape } from './graph-inputs.ts';
import { lucidrainsGraph } from './lucidrains-graph.ts';
import type { LucidrainsWeights } from './lucidrains-weights.ts';

const WHERE = 'models/linformer';

/** A config and the weights that belong to it. */
export type LinformerParts =
  | { readonly origin: 'lucidrains'; readonly config: LucidrainsConfig; readonly weights: LucidrainsWeights }
  | { readonly origin: 'fairseq'; readonly config: FairseqConfig; readonly weights: FairseqWeights };

/** A Linformer of either origin. */
export class Linformer implements Model {
  readonly family = 'linformer';
  readonly architecture: string;
  readonly maxLength: number;
  readonly padTokenId: number;
  readonly outputs: readonly string[];
  readonly takesPadding = true;
  readonly takesGlobalTokens = false;
  readonly config: LinformerConfig;
  readonly weights: LucidrainsWeights | FairseqWeights;
  private readonly graphs: ShapeGraphs<LinformerShape>;

  constructor(parts: LinformerParts) {
    const { architecture, maxLength, padTokenId } = parts.config;
    this.config = parts.config;
    this.weights = parts.weights;
    this.architecture = architecture;
    this.maxLength = maxLength;
    this.padTokenId = padTokenId;
    const hasHead = architecture !== 'Linformer' && architecture !== 'LinformerModel';
    this.outputs = [hasHead ? 'logits' : 'last_hidden_state'];
    this.graphs = new ShapeGraphs(builderOf(parts));
  }

  call({ inputIds, attentionMask, globalAttentionMask, tokenTypeIds }: TokenBatch): ModelCall {
    const { vocabSize, padTokenId } = this.config;
    if (vocabSize === undefined) {
      const message = `this ${this.architecture} has no table of words and takes inputs_embeds [batch, length, ${this.config.width}], got input_ids`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    refuse(WHERE, this.architecture, {
      global_attention_mask: globalAttentionMask?.shape,
      token_type_ids: tokenTypeIds?.shape,
    });
    if (inputIds.shape.length !== 2) throw misshapen('input_ids', '[batch, length]', inputIds);
    const ids = asIntegers(WHERE, 'input_ids', inputIds, inputIds.shape);
    checkIds(WHERE, 'input_ids', ids, vocabSize);
    const [batch, length] = ids.shape;
    checkLength(WHERE, length, this.maxLength); // padding counts: E and F have a column for each position
    const given = attentionMask && asMask(WHERE, 'attention_mask', attentionMask, ids.shape);
    const knowsPadding = this.config.origin === 'fairseq';
    // Without a mask: what fairseq itself does where the id is that of padding.
    const byId = knowsPadding && given === undefined && ids.data.includes(padTokenId);
    const mask = byId ? notPadding(ids, padTokenId) : given;
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

  /** For a `Linformer` without a table of words. */
  callVectors({ inputsEmbeds, attentionMask }: VectorBatch): ModelCall {
    const { vocabSize, width } = this.config;
    if (vocabSize !== undefined) {
      const message = `${this.architecture} takes input_ids, got inputs_embeds`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    const { shape } = inputsEmbeds;
    if (shape.length !== 3 || shape[2] !== width)
      throw misshapen('inputs_embeds', `[batch, length, ${width}]`, inputsEmbeds);
    const vectors = asNumbers(WHERE, 'inputs_embeds', inputsEmbeds, shape);
    const [batch, length] = shape;
    checkLength(WHERE, length, this.maxLength);
    const mask = attentionMask && asMask(WHERE, 'attention_mask', attentionMask, [batch, length]);
    return {
      graph: this.graphs.of({ batch, length, padding: mask ? 'layers' : 'none', positions: 'plain' }),
      inputs: { inputs_embeds: vectors, ...(mask && { attention_mask: mask }) },
    };
  }

  fixedGraph({ batch, length, globalTokens }: FixedCall): Graph {
    refuse(WHERE, this.architecture, { 'global tokens': globalTokens });
    checkLength(WHERE, length, this.maxLength);
    return this.graphs.of({ batch, length, padding: 'none', positions: 'plain' });
  }
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

/** 1 where the id is another. */
function notPadding({ shape, data }: Tensor<'i32'>, padTokenId: number): Tensor<'bool'> {
  return { dtype: 'bool', shape, data: Uint8Array.from(data, (id) => (id === padTokenId ? 0 : 1)) };
}

function misshapen(name: string, expected: string, { shape }: Tensor): AttnError {
  return new AttnError('INVALID_SHAPE', WHERE, `${name} must be ${expected}, got ${show(shape)}`);
}
