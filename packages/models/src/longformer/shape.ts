/** Everything by which two graphs of one Longformer differ. */

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
  /** An input `global_attention_mask` [B, N], bool; or the same positions in every row; or none. */
  readonly globals: 'input' | readonly number[];
  /** Whether there is an input `token_type_ids` [B, N], i32; without, all types are 0. */
  readonly tokenTypes: boolean;
  /** An input `position_ids` [B, N], i32; or those of rows without padding. */
  readonly positions: 'input' | 'plain';
  /** Also give the input of every layer and the output of the last, as `hidden_states.<i>`. */
  readonly hiddenStates?: boolean;
}
