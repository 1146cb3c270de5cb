/** The rows of one prompt in beam search: those that run on, and places for those that have ended. */
import { BeamDraws } from './beam-draws.ts';
import { ENDED } from './decoder.ts';
import { Largest } from './largest.ts';
import type { RowSpan, ScoreRules } from './processors.ts';
import type { BeamRules, FoundRow, RowTexts, StepScores } from './search.ts';
import type { TokenRows } from './token-rows.ts';

/** The score of a row that is none: an empty place, or a running row that has ended. */
const NONE = -1e9;

/** How many continuations of a prompt's rows are looked at: enough to go on if some end. */
export function candidatesOf(beams: number, endTokens: number): number {
  return (1 + Math.max(1, endTokens)) * beams;
}

/** Continuations of rows: the sums of their log probabilities, and the ids `row * vocab + token`. */
interface Candidates {
  readonly values: Float32Array;
  readonly ids: Int32Array;
  readonly size: number;
}

/** A place for a row that has ended. */
interface Place {
  score: number;
  isTaken: boolean;
  end: FoundRow['end'];
  /** New tokens, and the rows that they continue; the first `length` count. */
  readonly ids: Int32Array;
  readonly sources: Int32Array;
  length: number;
}

/** What a group is made for. */
export interface GroupParts {
  readonly choice: BeamRules;
  readonly rules: ScoreRules;
  readonly span: RowSpan;
  readonly vocab: number;
  /** Its first row among those of the search. */
  readonly first: number;
  readonly texts: RowTexts | undefined;
}

/** What all groups of a search write into: the next token of each row, and the row that it follows. */
export interface NextRows {
  readonly tokens: Int32Array;
  readonly sources: Int32Array;
}

/** The rows of one prompt. */
export class BeamGroup {
  /** No place can change any more. */
  isDone = false;
  private readonly parts: GroupParts;
  /** Sums of log probabilities of the running rows. */
  private readonly sums: Float32Array;
  /** The best first. */
  private readonly places: Place[];
  private readonly best: Largest;
  private readonly draws: BeamDraws | undefined;

  constructor(parts: GroupParts) {
    const { choice, rules, span, vocab } = parts;
    const { beams, draws } = choice;
    const most = span.maxLength - span.promptLength;
    const count = Math.min(candidatesOf(beams, rules.eos.length), beams * vocab);
    this.parts = parts;
    this.sums = new Float32Array(beams).fill(NONE);
    this.sums[0] = 0; // all rows begin alike: only the first counts
    this.best = new Largest(count);
    this.draws = draws && new BeamDraws(draws, { beams, vocab, count });
    this.places = Array.from({ length: beams }, () => ({
      score: NONE,
      isTaken: false,
      end: 'length',
      ids: new Int32Array(most),
      sources: new Int32Array(most),
      length: 0,
    }));
  }

  /**
   * Chooses how the rows go on, and puts those that end into places. `origins` are the rows that each token
   * of a row continues.
   */
  step(scores: StepScores, rows: TokenRows, origins: TokenRows, next: NextRows): void {
    const { first } = this.parts;
    const length = rows.lengths[first];
    this.finish(this.choose(scores), rows, origins);
    this.run(length, next);
    this.judge(length + 1);
  }

  /** The rows of this group stay as they are. */
  rest({ tokens, sources }: NextRows): void {
    const { first } = this.parts;
    for (let row = first; row < first + this.sums.length; row++) {
      tokens[row] = ENDED;
      sources[row] = row;
    }
  }

  /** The best rows. */
  found(most: number): readonly FoundRow[] {
    const best = this.places.slice(0, most).filter(({ isTaken }) => isTaken);
    return best.map(({ ids, sources, length, score, end }) => ({
      ids: Array.from(ids.subarray(0, length)),
      sources: Array.from(sources.subarray(0, length)),
      score,
      end,
    }));
  }

  /**
   * The continuations of the rows that are looked at, the best first, or in the order in which they are
   * drawn. `best` holds the same, the best first.
   */
  private choose(scores: StepScores): Candidates {
    const { sums, best, draws } = this;
    const { first, vocab } = this.parts;
    best.clear();
    if (draws !== undefined) {
      draws.draw(sums, scores, first);
      for (let i = 0; i < draws.size; i++) best.offer(draws.values[i], draws.ids[i]);
      best.sort();
      return draws;
    }
    for (const [beam, sum] of sums.entries()) {
      const row = scores.rows[first + beam];
      const from = beam * vocab;
      for (let place = 0; place < row.length; place++)
        best.offer(Math.fround(row[place] + sum), from + scores.tokenAt(first + beam, place));
    }
    best.sort();
    return best;
  }

  /** Puts those of the first candidates that end into places. */
  private finish(candidates: Candidates, rows: TokenRows, origins: TokenRows): void {
    const { places } = this;
    const { choice, rules, span, vocab, first } = this.parts;
    const length = rows.lengths[first];
    const newTokens = length + 1 - span.promptLength;
    const scale = Math.fround(newTokens ** choice.lengthPenalty);
    for (let i = 0; i < Math.min(choice.beams, candidates.size); i++) {
      const id = candidates.ids[i];
      if (!this.ends(id, length)) continue;
      const score = Math.fround(candidates.values[i] / scale);
      const place = places[places.length - 1];
      if (!(score > place.score)) continue;
      const token = id % vocab;
      const source = first + Math.floor(id / vocab);
      place.score = score;
      place.isTaken = true;
      place.end = rules.eos.includes(token) || this.endsText(id) ? 'stop' : 'length';
      place.length = newTokens;
      for (let at = 0; at < newTokens - 1; at++) {
        place.ids[at] = rows.rows[source][span.promptLength + at];
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

  /**
   * The best candidates that do not end run on. If these are too few, rows that count as none do; if there is
   * none, the group is done.
   */
  private run(length: number, { tokens, sources }: NextRows): void {
    const { sums, best } = this;
    const { vocab, first } = this.parts;
    let next = 0;
    for (const isEnding of [false, true]) {
      for (let i = 0; i < best.size && next < sums.length; i++) {
        const id = best.ids[i];
        if (this.ends(id, length) !== isEnding) continue;
        tokens[first + next] = id % vocab;
        sources[first + next] = first + Math.floor(id / vocab);
        sums[next] = isEnding ? NONE : best.values[i];
        next += 1;
      }
      if (next === 0) this.isDone = true;
    }
  }

  /** Whether anything can still change. `length` is that of the rows, with the new tokens. */
  private judge(length: number): void {
    const { places, sums } = this;
    const { choice, span } = this.parts;
    const worst = places[places.length - 1];
    const isLongest = choice.earlyStopping === 'never' && choice.lengthPenalty > 0;
    const newTokens = (isLongest ? span.maxLength : length) - span.promptLength;
    const best = Math.fround(sums[0] / Math.fround(newTokens ** choice.lengthPenalty));
    this.isDone ||= !(best > worst.score) || (choice.earlyStopping === true && worst.isTaken);
  }

  /** Whether a row of this length ends with a candidate. */
  private ends(id: number, length: number): boolean {
    const { rules, span, vocab } = this.parts;
    return length + 1 === span.maxLength || rules.eos.includes(id % vocab) || this.endsText(id);
  }

  private endsText(id: number): boolean {
    const { texts, first, vocab } = this.parts;
    return texts?.ends(first + Math.floor(id / vocab), id % vocab) === true;
  }
}
