/** The decoder of a model, for inputs that are searched together. */
import type { RunnableModel } from '../runnable-model.ts';
import { CachedDecoder } from './cached-decoder.ts';
import type { Decoder, DecoderPlace } from './decoder.ts';
import { neededLogits } from './needed-logits.ts';
import type { SearchPlan } from './search.ts';
import type { SourceText } from './source-batch.ts';
import { WholeTextDecoder } from './whole-text-decoder.ts';

/** What a search begins with. */
export interface SearchSource {
  /** Undefined in models without an encoder. */
  readonly text: SourceText | undefined;
  /** The tokens that are continued. */
  readonly prompt: readonly number[];
}

/** The rows that a search has of each input. */
export function rowsOf({ choice, returned }: SearchPlan): number {
  return choice.kind === 'beams' ? choice.beams : returned;
}

/** Opens the decoder of a model for a search. */
export function openDecoder(
  runnable: RunnableModel,
  sources: readonly SearchSource[],
  plan: SearchPlan,
  place: DecoderPlace,
): Decoder {
  if (runnable.model.generation?.cached === undefined) return new WholeTextDecoder(runnable, place);
  const texts = sources.flatMap(({ text }) => text ?? []);
  const best = neededLogits(plan, runnable.model.vocabSize ?? 0);
  return new CachedDecoder(
    runnable,
    texts,
    { rows: rowsOf(plan), maxLength: plan.rules.maxLength, best },
    place,
  );
}
