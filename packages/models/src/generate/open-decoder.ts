/** The decoder of a model, for one input. */
import type { RunnableModel } from '../runnable-model.ts';
import type { Decoder } from './decoder.ts';
import { WholeTextDecoder, type DecoderPlace } from './whole-text-decoder.ts';

/** What a search begins with. */
export interface SearchSource {
  /** The tokens of the text that an encoder reads; undefined in models without one. */
  readonly ids: readonly number[] | undefined;
  /** The tokens that are continued. */
  readonly prompt: readonly number[];
}

/** Opens the decoder of a model. */
export function openDecoder(runnable: RunnableModel, _source: SearchSource, place: DecoderPlace): Decoder {
  const { model } = runnable;
  return new WholeTextDecoder(runnable, model.vocabSize ?? 0, place);
}
