/** The decoder of a model, for one input. */
import type { RunnableModel } from '../runnable-model.ts';
import { CachedDecoder, type SourceText } from './cached-decoder.ts';
import type { Decoder, DecoderPlace } from './decoder.ts';
import { neededLogits } from './needed-logits.ts';
import type { SearchPlan } from './search.ts';
import { WholeTextDecoder } from './whole-text-decoder.ts';

/** What a search begins with. */
export interface SearchSource {
  /** Undefined in models without an encoder. */
  readonly text: SourceText | undefined;
  /** The tokens that are continued. */
  readonly prompt: readonly number[];
}

/** Opens the decoder of a model for a search. */
export function openDecoder(
  runnable: RunnableModel,
  { text }: SearchSource,
  plan: SearchPlan,
  place: DecoderPlace,
): Decoder {
  if (runnable.model.generation?.cached === undefined) return new WholeTextDecoder(runnable, place);
  const { choice, returned, rules } = plan;
  const rows = choice.kind === 'beams' ? choice.beams : returned;
  const best = neededLogits(plan, runnable.model.vocabSize ?? 0);
  return new CachedDecoder(runnable, text, { rows, maxLength: rules.maxLength, best }, place);
}
