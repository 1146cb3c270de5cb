/**
 * Rules that change the scores of a row before a token is chosen, those of transformers in its order. A rule
 * sees the tokens of the row so far, those of the prompt included.
 */

/** Changes the scores of all tokens, in place. Of `row`, only the first `length` tokens count. */
export type Processor = (scores: Float32Array, row: Int32Array, length: number) => void;

/** What the rules are. */
export interface ScoreRules {
  /** Divides positive and multiplies negative scores of tokens that are there already; 1 for none. */
  readonly repetitionPenalty: number;
  /** No so many tokens in a row occur twice; 0 for any. */
  readonly noRepeatNgramSize: number;
  /** Tokens in a row that never occur. */
  readonly badWords: readonly (readonly number[])[];
  /** Tokens, those of the prompt included, before which no row ends. */
  readonly minLength: number;
  /** New tokens before which no row ends. */
  readonly minNewTokens: number;
  /** The token behind a prompt of one token. */
  readonly forcedBos: number | undefined;
  /** The tokens of which one is the last of `maxLength`; empty for any. */
  readonly forcedEos: readonly number[];
  /** Tokens that never occur. */
  readonly suppressed: readonly number[];
  /** Tokens that are not the first new one; behind a forced one, not the second. */
  readonly suppressedFirst: readonly number[];
  /** Tokens that end a row. */
  readonly eos: readonly number[];
  /** Tokens of the prompt. */
  readonly promptLength: number;
  /** Most tokens of a row, those of the prompt included. */
  readonly maxLength: number;
}

/** The rules that do something, in the order in which they apply. */
export function processorsOf(rules: ScoreRules, vocabSize: number): readonly Processor[] {
  const { eos, promptLength, maxLength, forcedBos, forcedEos, suppressed, suppressedFirst } = rules;
  const badWords = rules.badWords.filter(([id, ...more]) => more.length > 0 || !eos.includes(id));
  const first = promptLength > 1 || forcedBos === undefined ? promptLength : promptLength + 1;
  const { minLength } = rules;
  const minTotal = promptLength + rules.minNewTokens;
  return [
    rules.repetitionPenalty !== 1 && repetitionPenalty(rules.repetitionPenalty, vocabSize),
    rules.noRepeatNgramSize > 0 && noRepeatNgram(rules.noRepeatNgramSize),
    badWords.length > 0 && noBadWords(badWords),
    minLength > promptLength && suppress(eos, (length) => length < minLength),
    minTotal > promptLength && suppress(eos, (length) => length < minTotal),
    forcedBos !== undefined && force([forcedBos], 1),
    forcedEos.length > 0 && force(forcedEos, maxLength - 1),
    suppressed.length > 0 && suppress(suppressed, () => true),
    suppressedFirst.length > 0 && suppress(suppressedFirst, (length) => length === first),
  ].filter((processor) => processor !== false);
}

/** Keskar et al. 2019, https://arxiv.org/abs/1909.05858 */
function repetitionPenalty(penalty: number, vocabSize: number): Processor {
  // The number of the call in which a token was last met, so that each counts once.
  const met = new Float64Array(vocabSize);
  let call = 0;
  return (scores, row, length) => {
    call += 1;
    for (let at = 0; at < length; at++) {
      const id = row[at];
      if (met[id] === call) continue;
      met[id] = call;
      const score = scores[id];
      scores[id] = score < 0 ? score * penalty : score / penalty;
    }
  };
}

/** Paulus et al. 2017, https://arxiv.org/abs/1705.04304 */
function noRepeatNgram(size: number): Processor {
  return (scores, row, length) => {
    const tail = length - size + 1;
    for (let start = 0; start + size <= length; start++) {
      let same = 0;
      while (same < size - 1 && row[start + same] === row[tail + same]) same++;
      if (same === size - 1) scores[row[start + same]] = -Infinity;
    }
  };
}

function noBadWords(words: readonly (readonly number[])[]): Processor {
  return (scores, row, length) => {
    for (const word of words) {
      const before = word.length - 1;
      if (before > length) continue;
      let same = 0;
      while (same < before && word[same] === row[length - before + same]) same++;
      if (same === before) scores[word[before]] = -Infinity;
    }
  };
}

function suppress(ids: readonly number[], isNow: (length: number) => boolean): Processor {
  return (scores, _, length) => {
    if (isNow(length)) for (const id of ids) scores[id] = -Infinity;
  };
}

/** At one length, only these tokens are possible. */
function force(ids: readonly number[], at: number): Processor {
  return (scores, _, length) => {
    if (length !== at) return;
    scores.fill(-Infinity);
    for (const id of ids) scores[id] = 0;
  };
}
