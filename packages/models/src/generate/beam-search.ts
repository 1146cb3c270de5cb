/**
 * Beam search, as transformers has it since release 4.50: each prompt has K running rows, and K places for
 * rows that have ended. Sums of log probabilities are rounded to f32 as there, so that ties fall alike.
 */
import { AttnError } from '@attn/core';
import { ENDED, type Decoder } from './decoder.ts';
import { Largest } from './largest.ts';
import { StepScores, type BeamRules, type FoundRow, type SearchPlan, type SearchWatch } from './search.ts';
import { promptRows } from './token-search.ts';
import { TokenRows } from './token-rows.ts';

/** The score of a row that is none: an empty place, or a running row that has ended. */
const NONE = -1e9;

/**
 * Continues prompts of equally many tokens with `choice.beams` rows each. Returns the best rows of each
 * prompt, at most `returned`, the best first. Errors: `RUN_FAILED` (no logit is a number; the rules leave no
 * token before a row ends), those of the decoder.
 */
export async function searchBeams(
  decoder: Decoder,
  prompts: readonly (readonly number[])[],
  { rules, returned }: Pick<SearchPlan, 'rules' | 'returned'>,
  choice: BeamRules,
  { onStep, onScores }: SearchWatch = {},
): Promise<readonly (readonly FoundRow[])[]> {
  const { beams } = choice;
  const { eos, promptLength, maxLength } = rules;
  const vocab = decoder.vocabSize;
  const count = prompts.length * beams;
  const rows = promptRows(prompts, beams, maxLength);
  const origins = new TokenRows(count, maxLength - promptLength, 0);
  const size = { prompts: prompts.length, perPrompt: beams, vocab };
  const scores = new StepScores(rules, size, true);
  const candidates = new Largest(Math.min(candidatesOf(beams, eos.length), beams * vocab));
  const groups = prompts.map(() => new Group(choice, rules, vocab));
  const tokens = new Int32Array(count);
  const sources = new Int32Array(count);
  const starts = Int32Array.from(tokens, (_, row) => Math.floor(row / beams));
  const hasEnded = (row: number): boolean => groups[Math.floor(row / beams)].isDone;
  const isRunning = (prompt: number): boolean => !groups[prompt].isDone;
  for (let step = 0; rows.length < maxLength && groups.some(({ isDone }) => !isDone); step++) {
    onStep?.(isRunning);
    const logits =
      step === 0 ? await decoder.start(prompts) : await decoder.step(tokens, step === 1 ? starts : sources);
    scores.read(logits, rows, step === 0, hasEnded);
    onScores?.(scores.rows);
    for (const [i, group] of groups.entries()) {
      const first = i * beams;
      if (group.isDone) continue;
      group.rank(scores, first, candidates);
      group.finish(candidates, first, rows, origins);
      group.run(candidates, first, rows.length, tokens, sources);
    }
    rows.extend(tokens, sources);
    origins.extend(sources, sources);
    for (const [i, group] of groups.entries()) {
      group.judge(rows.length);
      if (!group.isDone) continue;
      for (let row = i * beams; row < (i + 1) * beams; row++) {
        tokens[row] = ENDED;
        sources[row] = row;
      }
    }
  }
  return groups.map((group) => {
    const best = group.found(returned);
    if (best.length > 0) return best;
    const message = `the rules leave no token that a text could go on with, with at most ${maxLength} tokens`;
    throw new AttnError('RUN_FAILED', 'models/generate', message);
  });
}

/** How many of the best continuations of a prompt's rows are looked at: enough to go on if some end. */
export function candidatesOf(beams: number, endTokens: number): number {
  return (1 + Math.max(1, endTokens)) * beams;
}

/** A place for a row that has ended. */
interface Place {
  score: number;
  isTaken: boolean;
  /** New tokens, and the rows that they continue; the first `length` count. */
  readonly ids: Int32Array;
  readonly sources: Int32Array;
  length: number;
}

/** The rows of one prompt. */
class Group {
  /** No place can change any more. */
  isDone = false;
  private readonly choice: BeamRules;
  private readonly rules: SearchPlan['rules'];
  private readonly vocab: number;
  /** Sums of log probabilities of the running rows. */
  private readonly sums: Float32Array;
  /** The best first. */
  private readonly places: Place[];

  constructor(choice: BeamRules, rules: SearchPlan['rules'], vocab: number) {
    const { beams } = choice;
    const most = rules.maxLength - rules.promptLength;
    this.choice = choice;
    this.rules = rules;
    this.vocab = vocab;
    this.sums = new Float32Array(beams).fill(NONE);
    this.sums[0] = 0; // all rows begin alike: only the first counts
    this.places = Array.from({ length: beams }, () => ({
      score: NONE,
      isTaken: false,
      ids: new Int32Array(most),
      sources: new Int32Array(most),
      length: 0,
    }));
  }

  /** The best candidates: a row and a token, as the id `row * vocab + token`. */
  rank(scores: StepScores, first: number, candidates: Largest): void {
    candidates.clear();
    for (const [beam, sum] of this.sums.entries()) {
      const row = scores.rows[first + beam];
      const from = beam * this.vocab;
      for (let place = 0; place < row.length; place++) {
        const id = from + scores.tokenAt(first + beam, place);
        candidates.offer(Math.fround(row[place] + sum), id);
      }
    }
    candidates.sort();
  }

  /** Puts those of the first candidates that end into places. */
  finish(candidates: Largest, first: number, rows: TokenRows, origins: TokenRows): void {
    const { choice, rules, places, vocab } = this;
    const newTokens = rows.length + 1 - rules.promptLength;
    const scale = Math.fround(newTokens ** choice.lengthPenalty);
    for (let i = 0; i < Math.min(choice.beams, candidates.size); i++) {
      const token = candidates.ids[i] % vocab;
      if (!this.ends(token, rows.length)) continue;
      const score = Math.fround(candidates.values[i] / scale);
      const place = places[places.length - 1];
      if (!(score > place.score)) continue;
      const source = first + Math.floor(candidates.ids[i] / vocab);
      place.score = score;
      place.isTaken = true;
      place.length = newTokens;
      for (let at = 0; at < newTokens - 1; at++) {
        place.ids[at] = rows.rows[source][rules.promptLength + at];
        place.sources[at] = origins.rows[source][at];
      }
      place.ids[newTokens - 1] = token;
      place.sources[newTokens - 1] = source;
      for (let at = places.length - 1; at > 0 && score > places[at - 1].score; at--) {
        places[at] = places[at - 1];
        places[at - 1] = place;
      }
    }
  }

  /** The best candidates that do not end run on. If these are too few, rows that count as none do. */
  run(candidates: Largest, first: number, length: number, tokens: Int32Array, sources: Int32Array): void {
    const { sums, vocab } = this;
    let next = 0;
    const take = (i: number, sum: number): void => {
      tokens[first + next] = candidates.ids[i] % vocab;
      sources[first + next] = first + Math.floor(candidates.ids[i] / vocab);
      sums[next] = sum;
      next += 1;
    };
    for (const isEnding of [false, true]) {
      for (let i = 0; i < candidates.size && next < sums.length; i++) {
        if (this.ends(candidates.ids[i] % vocab, length) !== isEnding) continue;
        take(i, isEnding ? NONE : candidates.values[i]);
      }
    }
  }

  /** Whether anything can still change. `length` is that of the rows, with the new tokens. */
  judge(length: number): void {
    if (this.isDone) return;
    const { choice, rules, places, sums } = this;
    const worst = places[places.length - 1];
    const isLongest = choice.earlyStopping === 'never' && choice.lengthPenalty > 0;
    const newTokens = (isLongest ? rules.maxLength : length) - rules.promptLength;
    const best = Math.fround(sums[0] / Math.fround(newTokens ** choice.lengthPenalty));
    this.isDone = !(best > worst.score) || (choice.earlyStopping === true && worst.isTaken);
  }

  /** The best rows. */
  found(most: number): readonly FoundRow[] {
    const best = this.places.slice(0, most).filter(({ isTaken }) => isTaken);
    return best.map(({ ids, sources, length, score }) => {
      const end = this.rules.eos.includes(ids[length - 1]) ? 'stop' : 'length';
      return {
        ids: Array.from(ids.subarray(0, length)),
        sources: Array.from(sources.subarray(0, length)),
        score,
        end,
      };
    });
  }

  /** Whether a row of this length ends with a token. */
  private ends(token: number, length: number): boolean {
    return length + 1 === this.rules.maxLength || this.rules.eos.includes(token);
  }
}
