/**
 * Chooses a token from logits: the likeliest, or a random one of
 * those that temperature, top-k and top-p leave.
 */
import { AttnError } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';

/** How tokens are chosen. */
export interface Sampling {
  /** Logits are divided by it; 0 takes the likeliest token. */
  readonly temperature: number;
  /** Only this many of the likeliest tokens may be drawn. */
  readonly topK?: number;
  /**
   * Only the fewest of the likeliest tokens that together have this probability
   * may be drawn. Holtzman et al. 2020, https://arxiv.org/abs/1904.09751
   */
  readonly topP?: number;
}

/** A token that may be drawn, with its probability. */
export interface TokenChoice {
  readonly id: number;
  readonly probability: number;
}

/** Returns a generator of uniform numbers in [0, 1) that follow from a seed. */
export function uniform(seed: number): () => number {
  const next = mulberry32(seed);
  return () => next() / 2 ** 32;
}

/**
 * Chooses the next token. Of equal logits the lower id wins; NaN never
 * wins. `random` is called once, and not at all at temperature 0.
 *
 * Errors: `RUN_FAILED` when no logit is a number.
 */
export function sample(logits: ArrayLike<number>, sampling: Sampling, random: () => number): number {
  if (sampling.temperature === 0) return likeliest(logits);
  const threshold = random();
  let sum = 0;
  const choices = tokenChoices(logits, sampling);
  for (const { id, probability } of choices) {
    sum += probability;
    if (threshold < sum) return id;
  }
  return choices[choices.length - 1].id; // the sum of rounded probabilities may fall short of 1
}

/** The tokens that may be drawn, the likeliest first; their probabilities sum to 1. */
export function tokenChoices(
  logits: ArrayLike<number>,
  { temperature, topK, topP = 1 }: Sampling,
): readonly TokenChoice[] {
  const ids = Array.from({ length: logits.length }, (_, id) => id).filter((id) => !Number.isNaN(logits[id]));
  const most = logits[likeliest(logits)];
  ids.sort((a, b) => (logits[a] === logits[b] ? a - b : logits[b] - logits[a]));
  /** Infinite logits of equal sign are equal, though their difference is no number. */
  const below = (id: number): number => (logits[id] === most ? 0 : (logits[id] - most) / temperature);
  const best = softmax(ids.slice(0, topK).map((id) => ({ id, logit: below(id) })));
  if (topP === 1) return best; // rounding must not drop the unlikeliest
  let sum = 0;
  const needed = best.findIndex(({ probability }) => (sum += probability) >= topP);
  if (needed < 0 || needed === best.length - 1) return best;
  return best.slice(0, needed + 1).map(({ id, probability }) => ({ id, probability: probability / sum }));
}

/** Probabilities of logits, the greatest of which is 0. */
function softmax(items: readonly { readonly id: number; readonly logit: number }[]): readonly TokenChoice[] {
  const total = items.reduce((sum, { logit }) => sum + Math.exp(logit), 0);
  return items.map(({ id, logit }) => ({ id, probability: Math.exp(logit) / total }));
}

function likeliest(logits: ArrayLike<number>): number {
  let best = -1;
  for (let id = 0; id < logits.length; id++) {
    if (!Number.isNaN(logits[id]) && (best < 0 || logits[id] > logits[best])) best = id;
  }
  if (best >= 0) return best;
  const message = `the model must give a logit that is a number, got ${logits.length} NaN`;
  throw new AttnError('RUN_FAILED', 'models/generate', message);
}
