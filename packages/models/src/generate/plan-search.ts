/** From options to the plan of a search. What contradicts itself is refused before anything is computed. */
import { AttnError } from '@attn/core';
import type { Choice, SearchPlan } from './search.ts';
import type { SearchSettings } from './settings.ts';

/** Most tokens that are added where neither the caller nor the model's files say. */
export const MAX_NEW_TOKENS = 64;

/** What a plan depends on beside options. */
export interface SearchPlace {
  readonly where: string;
  /** Ids that end a text of the model. */
  readonly eos: readonly number[];
  /** Tokens of the prompt. */
  readonly promptLength: number;
  /** Most tokens of a row, those of the prompt included. */
  readonly room: number;
}

/**
 * The plan of a search. `options` are those of the call, `defaults` those of the model's files. Errors:
 * `INVALID_ARGUMENT` (options that contradict each other, no room).
 */
export function planSearch(
  options: SearchSettings,
  defaults: SearchSettings,
  place: SearchPlace,
): SearchPlan {
  const all = { ...defaults, ...options };
  const { where, promptLength } = place;
  const choice = choiceOf(all);
  const eos = all.eos_token_id ?? place.eos;
  refuseContradictions(where, options, all, choice);
  return {
    choice,
    returned: all.num_return_sequences ?? 1,
    rules: {
      repetitionPenalty: all.repetition_penalty ?? 1,
      noRepeatNgramSize: all.no_repeat_ngram_size ?? 0,
      badWords: all.bad_words_ids ?? [],
      minLength: all.min_length ?? 0,
      minNewTokens: all.min_new_tokens ?? 0,
      forcedBos: all.forced_bos_token_id,
      forcedEos: all.forced_eos_token_id ?? [],
      suppressed: all.suppress_tokens ?? [],
      suppressedFirst: all.begin_suppress_tokens ?? [],
      eos,
    },
    span: { promptLength, maxLength: maxLengthOf(options, defaults, place) },
  };
}

/** Options that do nothing unless tokens are drawn, and those that do nothing without beams. */
const OF_DRAWING = ['temperature', 'top_k', 'top_p', 'seed'] as const;
const OF_BEAMS = ['length_penalty', 'early_stopping'] as const;

/** Sentences about options of the call that do nothing. */
export function idleOptions(options: SearchSettings, { choice }: SearchPlan): readonly string[] {
  const idle = (names: readonly (keyof SearchSettings)[], without: string): readonly string[] =>
    names
      .filter((name) => options[name] !== undefined)
      .map((name) => `${name} does nothing without ${without}`);
  return [
    ...(drawsOf(choice) ? [] : idle(OF_DRAWING, 'do_sample')),
    ...(choice.kind === 'beams' ? [] : idle(OF_BEAMS, 'num_beams')),
  ];
}

/** Whether tokens are drawn. */
function drawsOf(choice: Choice): boolean {
  return choice.kind === 'sample' || (choice.kind === 'beams' && choice.draws !== undefined);
}

function choiceOf(all: SearchSettings): Choice {
  const { num_beams: beams = 1, do_sample: isDrawn = false } = all;
  const { temperature = 1, top_k: topK = 50, top_p: topP = 1, seed = 0 } = all;
  const draws = { temperature, topK, topP, seed };
  if (beams > 1) {
    const { length_penalty: lengthPenalty = 1, early_stopping: earlyStopping = false } = all;
    return { kind: 'beams', beams, lengthPenalty, earlyStopping, ...(isDrawn && { draws }) };
  }
  return isDrawn ? { kind: 'sample', ...draws } : { kind: 'greedy' };
}

function refuseContradictions(
  where: string,
  options: SearchSettings,
  all: SearchSettings,
  choice: Choice,
): void {
  const fail = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', where, message);
  };
  const {
    max_length: maxLength,
    max_new_tokens: maxNew,
    min_length: minLength,
    min_new_tokens: minNew,
  } = options;
  if (maxLength !== undefined && maxNew !== undefined)
    fail(`max_length and max_new_tokens must not both be there, got ${maxLength} and ${maxNew}`);
  const returned = all.num_return_sequences ?? 1;
  if (choice.kind === 'beams' && returned > choice.beams)
    fail(`num_return_sequences must be at most num_beams, got ${returned} and ${choice.beams}`);
  if (choice.kind === 'greedy' && returned > 1)
    fail(`num_return_sequences above 1 needs num_beams or do_sample, got ${returned}`);
  if (maxNew !== undefined && minNew !== undefined && minNew > maxNew)
    fail(`min_new_tokens must be at most max_new_tokens, got ${minNew} and ${maxNew}`);
  if (maxLength !== undefined && minLength !== undefined && minLength > maxLength)
    fail(`min_length must be at most max_length, got ${minLength} and ${maxLength}`);
  const suppressed = all.suppress_tokens ?? [];
  const forced = [all.forced_bos_token_id ?? [], all.forced_eos_token_id ?? []].flat();
  const both = forced.find((id) => suppressed.includes(id));
  if (both !== undefined) fail(`suppress_tokens must not have a forced token, got ${both}`);
}

/**
 * Most tokens of a row. What the caller says goes before what files say, and new tokens go before all tokens.
 */
function maxLengthOf(
  options: SearchSettings,
  defaults: SearchSettings,
  { where, promptLength, room }: SearchPlace,
): number {
  const fail = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', where, message);
  };
  const [own, files] = [options, defaults].map(({ max_new_tokens: added, max_length: total }) =>
    added === undefined ? total : promptLength + added,
  );
  const usual = Math.max(promptLength + 1, Math.min(room, promptLength + MAX_NEW_TOKENS));
  const most = own ?? files ?? usual;
  if (most <= promptLength)
    fail(`max_length must be above the ${promptLength} tokens of the prompt, got ${most}`);
  if (most > room)
    fail(
      `a prompt and its new tokens must be at most ${room} tokens together, got ${promptLength} + ${most - promptLength}`,
    );
  const least = [options.min_length ?? 0, promptLength + (options.min_new_tokens ?? 0)].reduce((a, b) =>
    Math.max(a, b),
  );
  if (least > most && least > promptLength)
    fail(`min_length must be at most the greatest length of the text, got ${least} and ${most}`);
  return most;
}
