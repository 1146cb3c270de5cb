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

/** An input, and how it is searched. */
export interface PlannedSource {
  readonly source: SearchSource;
  readonly plan: SearchPlan;
}

/**
 * Places that the rows of inputs need: the longest prompt and, behind it, as many new tokens as any may have,
 * because prompts end at the same place.
 */
export function placesOf(inputs: readonly PlannedSource[]): number {
  const most = (count: (input: PlannedSource) => number): number =>
    inputs.reduce((all, input) => Math.max(all, count(input)), 0);
  const added = most(({ plan: { span } }) => span.maxLength - span.promptLength);
  return added + most(({ source }) => source.prompt.length);
}

/** Opens the decoder of a model for a search. The plans differ by nothing but where tokens stand. */
export function openDecoder(
  runnable: RunnableModel,
  inputs: readonly PlannedSource[],
  place: DecoderPlace,
): Decoder {
  if (runnable.model.generation?.cached === undefined) return new WholeTextDecoder(runnable, place);
  const texts = inputs.flatMap(({ source }) => source.text ?? []);
  const plans = inputs.map(({ plan }) => plan);
  const best = neededLogits(plans, runnable.model.vocabSize ?? 0);
  return new CachedDecoder(
    runnable,
    texts,
    { rows: rowsOf(plans[0]), maxLength: placesOf(inputs), best },
    place,
  );
}
