/** The network that a search drives: it continues rows of tokens, one token at a time. */
import type { StepLogits } from './step-logits.ts';

/** The token of a row that has ended: the row stays where it is, and its logits are not read. */
export const ENDED = -1;

/** Where a decoder runs. */
export interface DecoderPlace {
  readonly backend?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Continues rows of tokens. A step adds a token to each of them. */
export interface Decoder {
  /** Number of tokens. */
  readonly vocabSize: number;
  /** Names of all backends that took part so far. */
  readonly backends: ReadonlySet<string>;
  /**
   * Begins a row for each prompt. Returns the logits behind them, a row for each prompt, which hold until the
   * next call. Errors: `ABORTED`, those of the backends.
   */
  start(prompts: readonly (readonly number[])[]): Promise<StepLogits>;
  /**
   * Row i becomes row `sourceRows[i]` with `tokens[i]` behind it, or is left out of the step where that is
   * `ENDED`. In the first step there may be more rows than prompts; afterwards their number stays. Returns
   * the logits of all rows, which hold until the next call. Errors: those of `start`.
   */
  step(tokens: Int32Array, sourceRows: Int32Array): Promise<StepLogits>;
  /** Releases what it keeps of the rows. */
  [Symbol.asyncDispose](): Promise<void>;
}
