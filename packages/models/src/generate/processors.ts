/**
 * Rules that change the scores of a row before a token is chosen, those of transformers in its order. A rule
 * sees the tokens of the row so far, those of the prompt included.
 */

/** Changes the scores of all tokens, in place. Of `row`, only the first `length` tokens count. */
type Processor = (scores: Float32Array, row: Int32Array, length: number) => void;

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
}

/** Where the new tokens of a row stand. */
export interface RowSpan {
  /** Tokens of the prompt. */
  readonly promptLength: number;
  /** Most tokens of a row, those of the prompt included. */
  readonly maxLength: number;
}

/** A rule, and the lengths of rows behind which it does something. */
interface TimedRule {
  readonly process: Processor;
  readonly isNow: (length: number, span: RowSpan) => boolean;
  /** Whether it takes the place of all scores that were there. */
  readonly forces?: boolean;
}

/** The rules that do something, in the order in which they apply. */
export class Processors {
  private readonly rules: readonly TimedRule[];

  constructor(rules: ScoreRules, vocabSize: number) {
    this.rules = timedRules(rules, vocabSize);
  }

  /** Changes the scores of all tokens of a row, in place. Of `row`, only the first `length` tokens count. */
  process(scores: Float32Array, row: Int32Array, length: number, span: RowSpan): void {
    for (const { process, isNow } of this.rules) if (isNow(length, span)) process(scores, row, length);
  }

  /** Whether a token is forced behind rows of this length: their scores do not count. */
  forcesAt(length: number, span: RowSpan): boolean {
    return this.rules.some(({ forces, isNow }) => forces === true && isNow(length, span));
  }

  /** Whether rules may change the score of any token behind rows of this length. */
  readAt(length: number, span: RowSpan): boolean {
    return !this.forcesAt(length, span) && this.rules.some(({ isNow }) => isNow(length, span));
  }
}

function timedRules(rules: ScoreRules, vocabSize: number): readonly TimedRule[] {
  const { eos, forcedBos, forcedEos, suppressed, suppressedFirst, minLength, minNewTokens } = rules;
  const badWords = rules.badWords.filter(([id, ...more]) => more.length > 0 || !eos.includes(id));
  const always = (): boolean => true;
  return [
    rules.repetitionPenalty !== 1 && {
      process: repetitionPenalty(rules.repetitionPenalty, vocabSize),
      isNow: always,
    },
    rules.noRepeatNgramSize > 0 && { process: noRepeatNgram(rules.noRepeatNgramSize), isNow: always },
    badWords.length > 0 && { process: noBadWords(badWords), isNow: always },
    eos.length > 0 && {
      process: suppress(eos),
      isNow: (length: number, { promptLength }: RowSpan) =>
        length < Math.max(minLength, promptLength + minNewTokens),
    },
    forcedBos !== undefined && {
      process: force([forcedBos]),
      isNow: (length: number) => length === 1,
      forces: true,
    },
    forcedEos.length > 0 && {
      process: force(forcedEos),
      isNow: (length: number, { maxLength }: RowSpan) => length === maxLength - 1,
      forces: true,
    },
    suppressed.length > 0 && { process: suppress(suppressed), isNow: always },
    suppressedFirst.length > 0 && {
      process: suppress(suppressedFirst),
      isNow: (length: number, { promptLength }: RowSpan) =>
        length === (promptLength > 1 || forcedBos === undefined ? promptLength : promptLength + 1),
    },
  ].filter((rule) => rule !== false);
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

function suppress(ids: readonly number[]): Processor {
  return (scores) => {
    for (const id of ids) scores[id] = -Infinity;
  };
}

/** Only these tokens are possible. */
function force(ids: readonly number[]): Processor {
  return (scores) => {
    scores.fill(-Infinity);
    for (const id of ids) scores[id] = 0;
  };
}
