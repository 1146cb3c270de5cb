/** Everything in which two graphs of one encoder can differ. */

/** What a graph is built for. */
export interface EncoderShape {
  /** B: rows, choices of a multiple choice counted as rows of their own. */
  readonly batch: number;
  /** N: tokens per row. */
  readonly length: number;
  /** Rows per question of a multiple choice. 1 in all other models. */
  readonly choices: number;
  /** Whether there is an input `attention_mask` [B, N], bool. */
  readonly padding: boolean;
  /** Whether there is an input `token_type_ids` [B, N], i32; otherwise all types are 0. */
  readonly tokenTypes: boolean;
  /**
   * `input`: the graph has the inputs that the model makes of positions. `plain`: positions are those of rows
   * without padding, which the graph knows.
   */
  readonly positions: 'input' | 'plain';
  /** The task whose adapters take part. */
  readonly task?: string | undefined;
  /** Adds outputs `hidden_states.<i>`: the input of every layer, and the output of the last. */
  readonly hiddenStates: boolean;
}
