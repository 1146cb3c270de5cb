/** What an encoder hands over to what comes after it. */
import type { Value } from '@attn/core';

/** The ids of a text, and what an encoder makes of it. */
export interface EncodedText {
  /** [B, N], i32. */
  readonly ids: Value;
  /** The input of every layer, and the output of the last: [B, N, width] each. */
  readonly states: readonly Value[];
  /** [B, N], bool: 0 is padding; undefined where nothing is padded. */
  readonly keyMask: Value | undefined;
}
