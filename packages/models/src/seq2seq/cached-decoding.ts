/** A decoder with a cache, for `generate`: what `GenerationRules` needs of models with an encoder. */
import { cacheNames } from '../cached/caches.ts';
import { cachedSteps, checkTexts } from '../cached/cached-steps.ts';
import { checkTokenBatch } from '../inputs/batch.ts';
import type { CachedDecoding, DecoderRules, EncodedTexts } from '../model.ts';
import type { Seq2SeqConfig } from './config.ts';
import { stepGraph } from './step-graph.ts';
import type { TextReader } from './text-reader.ts';
import type { DecoderWeights, HeadWeights } from './weights.ts';

/** The steps of a model with these weights. */
export function cachedDecoding(
  where: string,
  { vocabSize, decoder }: Pick<Seq2SeqConfig, 'vocabSize' | 'decoder'>,
  weights: { readonly decoder: DecoderWeights; readonly head: HeadWeights },
): CachedDecoding {
  return cachedSteps<EncodedTexts>({
    where,
    vocabSize,
    maxLength: decoder.positions.count,
    idsName: 'decoder_input_ids',
    takesPadding: false,
    rowStates: Array.from({ length: decoder.layers }, (_, i) => cacheNames('self', i)).flat(),
    readTexts: (texts) => checkTexts(where, texts),
    graph: (sizes) => stepGraph(decoder, weights, sizes),
  });
}

/** `DecoderRules.encode` of a model. */
export function textEncoding(
  where: string,
  { architecture }: Pick<Seq2SeqConfig, 'architecture'>,
  reader: TextReader,
): DecoderRules['encode'] {
  return (batch) => {
    const { ids, inputs, encodeGraph } = reader.read(checkTokenBatch(where, architecture, batch));
    const [count, length] = ids.shape;
    const padding = inputs.attention_mask !== undefined;
    return { graph: encodeGraph(), inputs, texts: { count, length, padding } };
  };
}
