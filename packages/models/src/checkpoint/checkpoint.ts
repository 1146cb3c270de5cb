/**
 * A checkpoint: a config and tensors by name, wherever they lie.
 * Tensors are read when they are asked for, one at a time.
 */
import type { JsonObject, Tensor } from '@attn/core';

/** What is known of a tensor before it is read. */
export interface StoredSpec {
  readonly shape: readonly number[];
  /** Bytes as stored. */
  readonly byteLength: number;
}

/** An open checkpoint. */
export interface Checkpoint {
  /** For error messages: a path, a hub id, a URL. */
  readonly name: string;
  /** What config.json holds. */
  readonly config: JsonObject;
  /** Names of all tensors. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Errors: `MISSING_INPUT` when there is no such tensor. */
  spec(name: string): StoredSpec;
  /** Reads a tensor. Errors: `MISSING_INPUT`, `MALFORMED_FILE`, and whatever the source throws. */
  tensor(name: string): Promise<Tensor>;
  /**
   * A tensor that is read whenever its data is asked for, this being
   * closed or not; undefined where that cannot be done at once.
   */
  lazyTensor?(name: string): Tensor | undefined;
  /** Closes files. Idempotent. Tensors that were read stay valid. */
  close(): Promise<void>;
}
