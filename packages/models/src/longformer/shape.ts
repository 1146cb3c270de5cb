/** Everything in which two graphs of one Longformer can differ. */

/** What a graph is built for. */
export interface LongformerShape {
  /** B: rows, choices of a multiple choice counted as rows of their own. */
  readonly batch: number;
  /** N: tokens per row. */
  readonly length: number;
  /** Rows per question of a multiple choice. Default 1. */
  readonly choices?: number;
  /** Whether there is an input `attention_mask` [B, N], bool. */
  readonly padding: boolean;
  /**
   * `input`: there is an input `global_attention_mask` [B, N], bool. With so many slots, there are the inputs
   * of `SlotTables`, too: `global_rows` and `result_rows`. A list: these positions are global in every row.
   */
  readonly globals: 'input' | { readonly slots: number } | readonly number[];
  /** Whether there is an input `token_type_ids` [B, N], i32; otherwise all types are 0. */
  readonly tokenTypes: boolean;
  /**
   * `input`: there is an input `position_ids` [B, N], i32. `plain`:
   * positions are those of rows without padding.
   */
  readonly positions: 'input' | 'plain';
  /** Adds outputs `hidden_states.<i>`: the input of every layer and the output of the last. */
  readonly hiddenStates?: boolean;
}
