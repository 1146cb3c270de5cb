/** What says how well a document answers a query. */
import type { Checked } from '../../encode/options.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import type { TokenizedText } from '../../tokenizer.ts';
import type { TaskOptions } from '../task-options.ts';

/** A query, and a document that may answer it. */
export interface QueryDocument {
  readonly query: string;
  readonly document: string;
}

/** Options of what a judge reads. */
export interface JudgeOptions extends TaskOptions {
  /**
   * For models that are asked in words, such as Qwen3-Reranker: what a document should do. Default: `Given a
   * web search query, retrieve relevant passages that answer the query`.
   */
  readonly instruction?: string;
}

/** A model that reads a query and a document together. */
export interface Judge {
  /** The model that runs: its `logits` are [rows, labels]. */
  readonly runnable: RunnableModel;
  /** Most tokens of a row, where the caller says nothing. */
  readonly maxLength: number;
  /**
   * The tokens of pairs. Those of the document have 1 in `sequences`, unless texts are cut as the original
   * cuts them, and their offsets are those in the document.
   */
  tokens(pairs: readonly QueryDocument[], options: Checked<JudgeOptions>): Promise<readonly TokenizedText[]>;
  /** The score of a row of logits. Errors: `UNSUPPORTED` (logits that make no single score). */
  score(logits: Float32Array): number;
}
