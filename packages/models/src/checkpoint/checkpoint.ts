/**
 * A checkpoint: a config, and tensors by name from any source.
 * Tensors are read when they are asked for, one at a time.
 */
import type { CodeFormat, JsonObject, QuantizedMatrix, Tensor } from '@attn/core';
import type { LazyTensor, WithAsyncDispose } from '@attn/core/backend';
import type { FileDtype } from '@attn/safetensors';
import type { LoadedForms } from './weight-dtype.ts';
import type { TensorFormat } from '../files/file-store.ts';

/** The shape and the size of a tensor that need not be read yet. */
export interface StoredSpec {
  readonly shape: readonly number[];
  /** Bytes in the file. */
  readonly byteLength: number;
  /** The dtype in the file; absent for tensors that are in no file. */
  readonly fileDtype?: FileDtype;
  /** The file, after its revision where that is not the model's own: `refs/pr/4/model.safetensors`. */
  readonly file?: string;
}

/** How codes are read. */
export interface ReadCodesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Read all codes now. Default false: codes in files on disk are read when they are needed. */
  readonly inMemory?: boolean | undefined;
}

/** A matrix [rows, length] of a checkpoint as codes. */
export interface StoredCodes extends CodeFormat {
  readonly hasZeroPoints: boolean;
  /** Reads the codes, or makes them. Errors: `MALFORMED_FILE`, `ABORTED`, and whatever the source throws. */
  read(options?: ReadCodesOptions): Promise<QuantizedMatrix>;
}

/** The files that hold a checkpoint's weights. */
export interface WeightsSource {
  readonly files: readonly string[];
  readonly format: TensorFormat;
  /** The revision of the hub that they are of, where it is not that of the model: `refs/pr/4`. */
  readonly revision?: string;
  /** In which form a model keeps them since it was loaded; absent in a checkpoint. */
  readonly forms?: LoadedForms;
}

/** An open checkpoint. Tensors that were read stay valid when it is disposed. */
export interface Checkpoint extends WithAsyncDispose {
  /** Name for error messages: a path, a hub id, a URL. */
  readonly name: string;
  /** The content of config.json. */
  readonly config: JsonObject;
  /** Where the weights are; absent for weights that are in no file. */
  readonly weights?: WeightsSource;
  /** Names of all tensors. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The name in `names` of a tensor that has several names; absent where each tensor has one. */
  listedName?(name: string): string;
  /** Shape and size of a tensor. Errors: `MISSING_INPUT` when there is no such tensor. */
  spec(name: string): StoredSpec;
  /** Reads a tensor. Errors: `MISSING_INPUT`, `MALFORMED_FILE`, and whatever the source throws. */
  tensor(name: string): Promise<Tensor>;
  /**
   * Reads the rows [from, to) of a tensor, along its first axis; undefined where it can only be read whole.
   * Errors: those of `tensor`.
   */
  rows?(name: string, from: number, to: number): Promise<Tensor> | undefined;
  /** The codes of a tensor that is quantised, which `tensor` returns as numbers; undefined for any other. */
  quantized?(name: string): StoredCodes | undefined;
  /**
   * A tensor that is read when its data is asked for, even after this checkpoint
   * is disposed; undefined where tensors cannot be read synchronously.
   */
  lazyTensor?(name: string): Promise<Tensor> | undefined;
  /** The elements that `bytes` gives, read as those of `lazyTensor` are; undefined where they cannot be. */
  lazyBytes?(name: string): Promise<LazyTensor<'u8'>> | undefined;
  /** Reads a tensor's elements as they are in the file; undefined for a tensor that is in no file. */
  bytes?(name: string): Promise<Uint8Array | undefined>;
  /**
   * Says which tensors are read next, each once, in this order, so that neighbours in a file on a server come
   * in one request. Returns a function that ends this: what was not read is forgotten.
   * Errors: `MISSING_INPUT`.
   */
  readAhead?(names: readonly string[]): () => void;
}
