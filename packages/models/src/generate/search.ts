/** What all searches have in common: the plan of a search, its result, and the scores of a step. */
import { logProbabilities, logSoftmax } from './log-softmax.ts';
import { Processors, type RowSpan, type ScoreRules } from './processors.ts';
import type { Draws } from './sampling.ts';
import type { BestLogits, StepLogits } from './step-logits.ts';
import type { RowBegin, TokenRows } from './token-rows.ts';

/** How tokens are chosen. */
export type Choice =
  | { readonly kind: 'greedy' }
  | ({ readonly kind: 'sample' } & Draws)
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
  /** How continuations are drawn. Without it, the best are taken. */
  readonly draws?: Draws | undefined;
}

/** How a search goes, whatever its prompts are. */
export interface SearchRules {
  readonly choice: Choice;
  readonly rules: ScoreRules;
  /** Rows that are returned for each prompt. */
  readonly returned: number;
}

/** The search for the texts of one prompt. */
export interface SearchPlan extends SearchRules {
  readonly span: RowSpan;
}

/** A prompt, and the most tokens that its rows may have with it. */
export type SearchPrompt = RowBegin;

/** What ends rows beside tokens: the texts that these make. It follows the rows of a search. */
export interface RowTexts {
  /** Whether the text of a row ends with a token behind it. */
  ends(row: number, token: number): boolean;
  /** Row i becomes row `sources[i]` with `tokens[i]` behind it, unless that is `ENDED`. */
  extend(tokens: Int32Array, sources: Int32Array): void;
}

/** What follows a search, while it runs. */
export interface SearchWatch {
  /** Called before each step; the function says which prompts take part. An error of it ends the search. */
  readonly onStep?: ((isRunning: (prompt: number) => boolean) => void) | undefined;
  /** Called with each token as it is chosen; true ends its row. It is not called by beams. */
  readonly onToken?: ((id: number, row: number) => boolean | void) | undefined;
  /** What ends beams by their texts. */
  readonly texts?: RowTexts | undefined;
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
  /** `stop` after a token or a text that ends a row; `length` at the greatest length. */
  readonly end: 'stop' | 'length';
  /** The score of beam search. */
  readonly score?: number;
  /** The row of the step before that each new token continues; only in beam search. */
  readonly sources?: readonly number[];
}

/** The scores of the rows of a step. They keep their memory from step to step. */
export class StepScores {
  /** One for each row: log probabilities, or logits where `isLog` is false. */
  readonly rows: Float32Array[];
  /** The tokens of each row's scores, in rising order; undefined where all tokens have a score. */
  private readonly tokens: (Int32Array | undefined)[];
  private readonly whole: readonly Float32Array[];
  /** Memory for the scores of few tokens of each row. */
  private few: readonly { readonly scores: Float32Array; readonly tokens: Int32Array }[] | undefined;
  private readonly processors: Processors;
  private readonly spans: readonly RowSpan[];
  private readonly isLog: boolean;
  private readonly perPrompt: number;

  constructor(
    rules: ScoreRules,
    prompts: readonly SearchPrompt[],
    {
      perPrompt,
      vocab,
      isLog,
    }: { readonly perPrompt: number; readonly vocab: number; readonly isLog: boolean },
  ) {
    const count = prompts.length * perPrompt;
    const all = new Float32Array(count * vocab);
    this.whole = Array.from({ length: count }, (_, row) => all.subarray(row * vocab, (row + 1) * vocab));
    this.rows = [...this.whole];
    this.tokens = new Array<undefined>(count).fill(undefined);
    this.spans = prompts.map(({ ids, maxLength }) => ({ promptLength: ids.length, maxLength }));
    this.processors = new Processors(rules, vocab);
    this.isLog = isLog;
    this.perPrompt = perPrompt;
  }

  /**
   * Reads the logits of rows; in the first step, those of prompts. Rows that have ended are left out. Of the
   * best logits alone, only those who need no others may ask (`neededLogits`).
   */
  read(step: StepLogits, rows: TokenRows, isFirst: boolean, hasEnded: (row: number) => boolean): void {
    const { whole, perPrompt, processors, spans } = this;
    for (let row = 0; row < whole.length; row++) {
      if (hasEnded(row)) continue;
      const prompt = Math.floor(row / perPrompt);
      const source = isFirst ? prompt : row;
      const [length, span] = [rows.lengths[row], spans[prompt]];
      // A forced token has its score whatever the logits are.
      if ('ids' in step && !processors.forcesAt(length, span)) {
        this.readBest(step, step.ids.length / (isFirst ? spans.length : whole.length), source, row);
        continue;
      }
      this.rows[row] = whole[row];
      this.tokens[row] = undefined;
      if (!('ids' in step)) this.readAll(step, source, row);
      processors.process(whole[row], rows.rows[row], length, span);
    }
  }

  /** The token that a score of a row belongs to. */
  tokenAt(row: number, place: number): number {
    return this.tokens[row]?.[place] ?? place;
  }

  private readAll(logits: Float32Array, source: number, row: number): void {
    const scores = this.whole[row];
    const own = logits.subarray(source * scores.length, (source + 1) * scores.length);
    if (this.isLog) logSoftmax(own, scores);
    else scores.set(own);
  }

  /** Puts the `count` best of a row in the order of their ids, in which those of all tokens are. */
  private readBest({ logits, ids, sums }: BestLogits, count: number, source: number, row: number): void {
    this.few ??= this.whole.map((all) => ({ scores: all.subarray(0, count), tokens: new Int32Array(count) }));
    const { scores, tokens } = this.few[row];
    this.rows[row] = scores;
    this.tokens[row] = tokens;
    const from = source * count;
    for (let i = 0; i < count; i++) {
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
