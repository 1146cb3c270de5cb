/** What all searches have in common: the plan of a search, its result, and the scores of a step. */
import { logSoftmax } from './log-softmax.ts';
import { processorsOf, type Processor, type ScoreRules } from './processors.ts';
import type { Sampling } from './sampling.ts';
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
  /** Called before each step. An error that it throws ends the search. */
  readonly onStep?: (() => void) | undefined;
  /** Called with each token as it is chosen; true ends its row. It is not called by beams. */
  readonly onToken?: ((id: number, row: number) => boolean | void) | undefined;
  /** Called with the scores of every row of a step, after all rules. They hold until it returns. */
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
  readonly rows: readonly Float32Array[];
  private readonly processors: readonly Processor[];
  private readonly isLog: boolean;
  private readonly perPrompt: number;

  constructor(
    rules: ScoreRules,
    size: { prompts: number; perPrompt: number; vocab: number },
    isLog: boolean,
  ) {
    const { prompts, perPrompt, vocab } = size;
    const all = new Float32Array(prompts * perPrompt * vocab);
    this.rows = Array.from({ length: prompts * perPrompt }, (_, row) =>
      all.subarray(row * vocab, (row + 1) * vocab),
    );
    this.processors = processorsOf(rules, vocab);
    this.isLog = isLog;
    this.perPrompt = perPrompt;
  }

  /** Reads the logits of rows; in the first step, those of prompts. Rows that have ended are left out. */
  read(logits: Float32Array, tokens: TokenRows, isFirst: boolean, hasEnded: (row: number) => boolean): void {
    for (const [row, scores] of this.rows.entries()) {
      if (hasEnded(row)) continue;
      const from = (isFirst ? Math.floor(row / this.perPrompt) : row) * scores.length;
      const own = logits.subarray(from, from + scores.length);
      if (this.isLog) logSoftmax(own, scores);
      else scores.set(own);
      for (const process of this.processors) process(scores, tokens.rows[row], tokens.length);
    }
  }
}
