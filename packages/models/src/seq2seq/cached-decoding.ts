/** A decoder with a cache, for `generate`: implements `CachedDecoding` for models with an encoder. */
import { AttnError } from '@attn/core';
import { aBoolean, anything, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { checkTokenBatch } from '../inputs/batch.ts';
import type { BestShape, CachedDecoding, EncodedTexts, StepShape } from '../model.ts';
import { cacheNames } from './caches.ts';
import type { Seq2SeqConfig } from './config.ts';
import { stepGraph } from './step-graph.ts';
import type { TextReader } from './text-reader.ts';
import type { DecoderWeights, HeadWeights } from './weights.ts';

const STEP: OptionKinds<StepShape> = {
  texts: anything,
  rows: integer(1),
  capacity: integer(1),
  best: anything,
};
const BEST: OptionKinds<BestShape> = { count: integer(1), sums: aBoolean };
const TEXTS: OptionKinds<EncodedTexts> = { count: integer(1), length: integer(1), padding: aBoolean };

/** The graphs of a model with these weights. */
export function cachedDecoding(
  where: string,
  { architecture, decoder, vocabSize }: Seq2SeqConfig,
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
    step: (shape) => steps.of(checkStep(where, shape, { tokens: decoder.positions.count, words: vocabSize })),
    rowStates: Array.from({ length: decoder.layers }, (_, i) => cacheNames('self', i)).flat(),
  };
}

/** Checks the shape of a step, for a decoder of so many tokens and words. Errors: `INVALID_ARGUMENT`. */
function checkStep(
  where: string,
  shape: StepShape,
  most: { readonly tokens: number; readonly words: number },
): StepShape {
  const { best: _, ...needed } = STEP;
  const { texts, rows, capacity, best } = present(where, 'the shape of a step', shape, STEP, needed);
  const { count, length, padding } = present(where, 'texts', texts, TEXTS);
  if (capacity > most.tokens)
    throw invalid(where, `capacity must be at most ${most.tokens}, got ${show(capacity)}`);
  if (rows % count !== 0)
    throw invalid(where, `rows must be a multiple of the ${count} texts, got ${show(rows)}`);
  return {
    texts: { count, length, padding },
    rows,
    capacity,
    ...(best !== undefined && { best: checkBest(where, best, most.words) }),
  };
}

function checkBest(where: string, best: BestShape, words: number): BestShape {
  const { count, sums } = present(where, 'best', best, BEST);
  if (count <= words) return { count, sums };
  throw invalid(where, `count of best must be at most ${words}, got ${show(count)}`);
}

/** Checks an object; of its fields, all those in `needed` must be there. */
function present<T extends object>(
  where: string,
  name: string,
  value: T,
  kinds: OptionKinds<T>,
  needed: object = kinds,
): T {
  const checked = checkOptions(where, value, kinds, { name });
  const missing = (Object.keys(needed) as (keyof T & string)[]).find((key) => checked[key] === undefined);
  if (missing === undefined) return checked;
  throw invalid(where, `${name} must have ${missing}, got ${show(value)}`);
}

function invalid(where: string, message: string): AttnError {
  return new AttnError('INVALID_ARGUMENT', where, message);
}
