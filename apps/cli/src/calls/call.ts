/**
 * What `--pattern` may stand for in `attn run`: the attention of a pattern, or a system that is none, such
 * as Linformer. Each is a file here that says which tensors it reads and how it is called.
 */
import type { AttentionResult, Attn, Call, Ran, Score, Tensor } from '@attn/core';
import type { AttentionLayout } from '@attn/core/backend';
import type { RowAddress } from '@attn/core/reference';
import type { CallCost } from '../plan-cost.ts';

/** One thing to run. */
export interface SystemOption {
  /** For messages: `attention`, `linformer`. */
  readonly name: string;
  readonly inputs: InputNames;
  /**
   * A call of these tensors; tables of a score are `tables.name`. Throws for all that can be wrong with them.
   */
  prepare(tensors: Readonly<Record<string, Tensor>>, attributes: CallAttributes): PreparedCall;
}

/** Names of tensors. */
export interface InputNames {
  readonly required: readonly string[];
  /** Applied when the file has them. */
  readonly optional: readonly string[];
}

/** What `--options` may hold. Which of them a call takes is checked where it is made. */
export interface CallAttributes {
  readonly scale?: number;
  readonly queryOffset?: number;
  readonly softcap?: number;
  readonly score?: Score;
  readonly layout?: AttentionLayout;
}

/** A call whose tensors fit. */
export interface PreparedCall {
  /** Errors: `ABORTED`. */
  cost(signal: AbortSignal): Promise<CallCost>;
  /** What `attn.run` computes. */
  readonly call: Call<AttentionResult<true>>;
  /** The greatest |out − expected| over some rows of a result in the layout `bhnd`, against float64. */
  greatestError(attn: Attn, result: Ran<AttentionResult<true>>, rows: readonly RowAddress[]): Promise<number>;
}
