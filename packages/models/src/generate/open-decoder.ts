/** The decoder of a model, for one input. */
import type { RunnableModel } from '../runnable-model.ts';
import type { Decoder } from './decoder.ts';
import { WholeTextDecoder, type DecoderPlace } from './whole-text-decoder.ts';

/** A text that an encoder reads. */
export interface SourceText {
  readonly ids: readonly number[];
  /** Positions of its global tokens. */
  readonly globalTokens: readonly number[];
}

/** What a search begins with. */
export interface SearchSource {
  /** Undefined in models without an encoder. */
  readonly text: SourceText | undefined;
  /** The tokens that are continued. */
  readonly prompt: readonly number[];
}

/** Opens the decoder of a model. */
export function openDecoder(runnable: RunnableModel, { text }: SearchSource, place: DecoderPlace): Decoder {
  return new WholeTextDecoder(runnable, text, place);
}
