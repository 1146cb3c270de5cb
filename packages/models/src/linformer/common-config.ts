/** What the configs of both kinds of Linformer have in common. */

/** Package and function of errors. */
export const WHERE = 'models/linformer';

/** Fields that lucidrains' and fairseq's Linformers share. */
export interface CommonConfig {
  /** C. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Most tokens of a row: columns of E and F. */
  readonly maxLength: number;
  /** K: rows of E and F. */
  readonly projectedLength: number;
  readonly padTokenId: number;
}
