/** What all searches have in common: the plan of a search, its result, and the scores of a step. */
import { logProbabilities, logSoftmax } from './log-softmax.ts';
import { Processors, type ScoreRules } from './processors.ts';
import type { Sampling } from './sampling.ts';
import type { BestLogits, StepLogits } from './step-logits.ts';
import type { TokenRows } from './token-rows.ts';

/** How tokens are chosen. */
export type Choice =
  | { readonly kind: 'greedy' }
  | ({ readonly kind: 'sample'; readonly seed: number } & Sampling)
  | ({ readonly kind: 'beams' } & BeamRules);

/** How beams are compared. */
export interface BeamRules {
  /** Number of beams of each prompt. */
  readonly beams: number;
  /** The score of a row is the sum of its log probabilities over this power of its number of new tokens. */
  readonly lengthPenalty: number;
  /**
   * True: a prompt is done with as many rows as beams. False: as soon as no running row of its present length
   * could be better than these. 'never': as soon as none of any length could be.
   */
  readonly earlyStopping: boolean | 'never';
}

/** A search. */
export interface SearchPlan {
  readonly choice: Choice;
  readonly rules: ScoreRules;
  /** Rows that are returned for each prompt. */
  readonly returned: number;
}

/** What follows a search, while it runs. */
export interface SearchWatch {
  /** Called before each step; the function says which prompts take part. An error of it ends the search. */
  readonly onStep?: ((isRunning: (prompt: number) => boolean) => void) | undefined;
  /** Called with each token as it is chosen; true ends its row. It is not called by beams. */
  readonly onToken?: ((id: number, row: number) => boolean | void) | undefined;
  /**
   * Called with the scores of every row of a step, after all rules. They are those of all tokens where the
   * decoder gives all logits, and hold until it returns.
   */
  readonly onScores?: ((scores: readonly Float32Array[]) => void) | undefined;
}

/** A row that a search has found. */
export interface FoundRow {
  /** The new tokens, with the one that ended the row. */
  readonly ids: readonly number[];
  /** `stop` after a token that ends a row, or where `onToken` said so; `length` at the greatest length. */
  readonly end: 'stop' | 'length';
  /** The score of beam search. */
  readonly score?: number;
  /** The row of the step before that each new token continues; only in beam search. */
  readonly sources?: readonly number[];
}

/** The scores of the rows of a step. They keep their memory from step to step. */
export class StepScores {
  /** One for each row: log probabilities, or logits where `isLog` is false. */
  rows: readonly Float32Array[];
  /** The tokens of each row's scores, in rising order; undefined where all tokens have a score. */
  private tokens: readonly Int32Array[] | undefined;
  private readonly whole: readonly Float32Array[];
  private readonly processors: Processors;
  private readonly isLog: boolean;
  private readonly perPrompt: number;

  constructor(
    rules: ScoreRules,
    size: { prompts: number; perPrompt: number; vocab: number },
    isLog: boolean,
  ) {
    const { prompts, perPrompt, vocab } = size;
    const all = new Float32Array(prompts * perPrompt * vocab);
    this.whole = Array.from({ length: prompts * perPrompt }, (_, row) =>
      all.subarray(row * vocab, (row + 1) * vocab),
    );
    this.rows = this.whole;
    this.processors = new Processors(rules, vocab);
    this.isLog = isLog;
    this.perPrompt = perPrompt;
  }

  /**
   * Reads the logits of rows; in the first step, those of prompts. Rows that have ended are left out. Of the
   * best logits alone, only those who need no others may ask (`neededLogits`).
   */
  read(step: StepLogits, rows: TokenRows, isFirst: boolean, hasEnded: (row: number) => boolean): void {
    const { whole, perPrompt, processors } = this;
    // A forced token has its score whatever the logits are.
    const best = 'ids' in step && !processors.forcesAt(rows.length) ? step : undefined;
    if (best === undefined) this.takeAll();
    else this.takeSome(best.ids.length / (isFirst ? whole.length / perPrompt : whole.length));
    for (let row = 0; row < whole.length; row++) {
      if (hasEnded(row)) continue;
      const source = isFirst ? Math.floor(row / perPrompt) : row;
      if (best !== undefined) {
        this.readBest(best, source, row);
        continue;
      }
      if (!('ids' in step)) this.readAll(step, source, row);
      processors.process(whole[row], rows.rows[row], rows.length);
    }
  }

  /** The token that a score of a row belongs to. */
  tokenAt(row: number, place: number): number {
    return this.tokens === undefined ? place : this.tokens[row][place];
  }

  private takeAll(): void {
    this.rows = this.whole;
    this.tokens = undefined;
  }

  private takeSome(count: number): void {
    if (this.tokens !== undefined) return;
    this.rows = this.whole.map((scores) => scores.subarray(0, count));
    this.tokens = this.whole.map(() => new Int32Array(count));
  }

  private readAll(logits: Float32Array, source: number, row: number): void {
    const scores = this.whole[row];
    const own = logits.subarray(source * scores.length, (source + 1) * scores.length);
    if (this.isLog) logSoftmax(own, scores);
    else scores.set(own);
  }

  /** Puts the best of a row in the order of their ids, in which those of all tokens are. */
  private readBest({ logits, ids, sums }: BestLogits, source: number, row: number): void {
    const scores = this.rows[row];
    const tokens = this.tokens?.[row] ?? ids;
    const from = source * scores.length;
    for (let i = 0; i < scores.length; i++) {
      const [id, logit] = [ids[from + i], logits[from + i]];
      let at = i;
      for (; at > 0 && tokens[at - 1] > id; at--) {
        tokens[at] = tokens[at - 1];
        scores[at] = scores[at - 1];
      }
      tokens[at] = id;
      scores[at] = logit;
    }
    if (this.isLog) logProbabilities(scores, logits[from], sums[source], scores);
  }
}
