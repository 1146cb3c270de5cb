/** A decoder with a cache, for `generate`: implements `CachedDecoding` for models with an encoder. */
import { AttnError } from '@attn/core';
import { anything, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { checkTokenBatch } from '../inputs/batch.ts';
import type { CachedDecoding, StepShape } from '../model.ts';
import { cacheNames } from './caches.ts';
import type { Seq2SeqConfig } from './config.ts';
import { stepGraph } from './step-graph.ts';
import type { TextReader } from './text-reader.ts';
import type { DecoderWeights, HeadWeights } from './weights.ts';

const STEP: OptionKinds<StepShape> = { texts: anything, rows: integer(1), capacity: integer(1) };

/** The graphs of a model with these weights. */
export function cachedDecoding(
  where: string,
  { architecture, decoder }: Seq2SeqConfig,
  weights: { readonly decoder: DecoderWeights; readonly head: HeadWeights },
  reader: TextReader,
): CachedDecoding {
  const steps = new ShapeGraphs((shape: StepShape) => stepGraph(decoder, weights, shape));
  return {
    encode(batch) {
      const { ids, inputs, encodeGraph } = reader.read(checkTokenBatch(where, architecture, batch));
      const [count, length] = ids.shape;
      const padding = inputs.attention_mask !== undefined;
      return { graph: encodeGraph(), inputs, texts: { count, length, padding } };
    },
    step(shape) {
      const { texts, rows, capacity } = checkOptions(where, shape, STEP, { name: 'the shape of a step' });
      const most = decoder.positions.count;
      if (capacity > most) throw invalid(where, `capacity must be at most ${most}, got ${show(capacity)}`);
      const { count, length, padding } = texts;
      if (rows % count !== 0)
        throw invalid(where, `rows must be a multiple of the ${count} texts, got ${show(rows)}`);
      return steps.of({ texts: { count, length, padding }, rows, capacity });
    },
    rowStates: Array.from({ length: decoder.layers }, (_, i) => cacheNames('self', i)).flat(),
  };
}

function invalid(where: string, message: string): AttnError {
  return new AttnError('INVALID_ARGUMENT', where, message);
}
