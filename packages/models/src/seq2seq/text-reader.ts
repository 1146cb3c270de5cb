/** Texts as the encoder of a model reads them, and the graphs that are made for them. */
import type { Graph, Tensor, Tensors } from '@attn/core';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import type { FixedCall, TokenBatch } from '../model.ts';
import { encodeGraph } from './encode-graph.ts';
import { seq2SeqGraph, type Seq2SeqParts, type Seq2SeqShape } from './graph.ts';

/** What a graph is built for beside the encoder. */
export type DecodingShape = Omit<Seq2SeqShape<unknown>, 'encoder'>;

/** A batch of texts. */
export interface ReadTexts {
  /** [B, N]. */
  readonly ids: Tensor<'i32'>;
  /** The inputs of the encoder. */
  readonly inputs: Tensors;
  /** The graph of the whole model. */
  graph(shape: DecodingShape): Graph;
  /** The graph that encodes the texts for a decoder with a cache. */
  encodeGraph(): Graph;
}

/** Reads texts for one model, and remembers graphs. */
export interface TextReader {
  readonly maxLength: number;
  readonly takesGlobalTokens: boolean;
  /** Errors: those of `Model.call`. */
  read(batch: TokenBatch): ReadTexts;
  /** The graph of the whole model for full rows. Errors: `INVALID_ARGUMENT`. */
  fixedGraph(call: FixedCall, shape: DecodingShape): Graph;
}

/** The reader of a model of these parts. */
export function textReader<S>(parts: Seq2SeqParts<S>): TextReader {
  const { encoder } = parts;
  const graphs = new ShapeGraphs((shape: Seq2SeqShape<S>) => seq2SeqGraph(parts, shape));
  const encodeGraphs = new ShapeGraphs((shape: S) => encodeGraph(parts, shape));
  return {
    maxLength: encoder.maxLength,
    takesGlobalTokens: encoder.takesGlobalTokens,
    read(batch) {
      const { ids, inputs, shape } = encoder.read(batch);
      return {
        ids,
        inputs,
        graph: (decoding) => graphs.of({ encoder: shape, ...decoding }),
        encodeGraph: () => encodeGraphs.of(shape),
      };
    },
    fixedGraph: (call, decoding) => graphs.of({ encoder: encoder.fixedShape(call), ...decoding }),
  };
}
