/** A store of a checkpoint's files: a folder, a list of URLs, a model hub. All have one interface. */
import { AttnError, type JsonObject, type Tensor } from '@attn/core';
import { show, type LazyTensor } from '@attn/core/backend';
import type { FileDtype } from '@attn/safetensors';

/** Everything about a stored tensor but its data. */
export interface TensorSpec {
  /** The dtype in the file. */
  readonly fileDtype: FileDtype;
  readonly shape: readonly number[];
  /** Bytes in the file. */
  readonly byteLength: number;
}

/** Forms in which tensors are stored: .safetensors, and both of PyTorch's own. */
export type TensorFormat = 'safetensors' | 'torch-zip' | 'torch-legacy';

/** An open file of tensors. Only names and shapes are in memory. */
export interface TensorFile {
  readonly format: TensorFormat;
  /** Names of all tensors, in the order of the file. */
  readonly names: readonly string[];
  /** What the file says beside its tensors. */
  readonly metadata: ReadonlyMap<string, string>;
  has(name: string): boolean;
  /** Errors: `MISSING_INPUT` when there is no such tensor. */
  spec(name: string): TensorSpec;
  /** Reads a tensor. Errors: `MISSING_INPUT`, `MALFORMED_FILE`, and whatever the source throws. */
  tensor(name: string): Promise<Tensor>;
  /**
   * Reads the rows [from, to) of a tensor, along its first axis. Absent where tensors can only be read whole.
   * Errors as in `tensor`.
   */
  readonly rows?: (name: string, from: number, to: number) => Promise<Tensor>;
  /** Reads a tensor's elements as they are in the file: little-endian, row-major. Errors as in `tensor`. */
  bytes(name: string): Promise<Uint8Array>;
  /**
   * A tensor that is read when its data is asked for, even after the
   * file is disposed. Absent where files cannot be read synchronously.
   */
  readonly lazyTensor?: (name: string) => Promise<Tensor>;
  /** A tensor's elements as `bytes` gives them, which are read as those of `lazyTensor` are. */
  readonly lazyBytes?: (name: string) => Promise<LazyTensor<'u8'>>;
  /**
   * Says which tensors are read next, each once, in this order, so that neighbours come in one request.
   * Returns a function that ends this. Absent where it would gain nothing.
   */
  readonly readAhead?: (names: readonly string[]) => () => void;
  /** Closes the file. Idempotent. Tensors that were read stay valid. */
  dispose(): Promise<void>;
}

/** Folders of this machine in which all files of a store are, as another thread can open them. */
export interface StorePlace {
  /** The name of the store. */
  readonly name: string;
  readonly folder: string;
  /** The folder of the weights, where that is another one, and the revision that they are of. */
  readonly weights?: { readonly folder: string; readonly revision: string };
}

/** Files by name. */
export interface FileStore {
  /** Where the files are; absent where they are in no folder. */
  readonly place?: StorePlace | undefined;
  /** For messages: a path, a URL, an id. */
  readonly name: string;
  has(file: string): Promise<boolean>;
  /**
   * All bytes of a file; undefined when there is no such file.
   * Errors: `MALFORMED_FILE` for more than `limit` bytes.
   */
  bytes(file: string, limit: number): Promise<Uint8Array | undefined>;
  /**
   * Opens a file of tensors: .safetensors, or PyTorch's .bin. Only names and shapes are read. Errors:
   * `FILE_NOT_FOUND`, `MALFORMED_FILE`, `UNSUPPORTED`.
   */
  tensors(file: string): Promise<TensorFile>;
  /** Why a file that was asked for is absent, as a clause, where a store knows more than that it is. */
  whyAbsent?(file: string): string | undefined;
  /** The revision that a file comes from, where a store has files of several: such as `refs/pr/4`. */
  revisionOf?(file: string): string | undefined;
}

/** The error of a file that breaks its rules. */
export function malformedFile(
  store: FileStore,
  file: string,
  message: string,
  options?: ErrorOptions,
): AttnError {
  return new AttnError('MALFORMED_FILE', 'models/load', `${file} of ${store.name} ${message}`, options);
}

/** The error of files that are absent. `what` says so; the store may know why. */
export function absentError(store: FileStore, what: string, files: readonly string[]): AttnError {
  const reasons = files.map((file) => store.whyAbsent?.(file)).filter((reason) => reason !== undefined);
  const message = [`there is ${what} in ${store.name}`, ...reasons.slice(0, 2)].join(': ');
  return new AttnError('FILE_NOT_FOUND', 'models/load', message);
}

/** The error of a file that is too long for its purpose. */
export function tooLongError(name: string, file: string, limit: number): AttnError {
  const message = `${file} of ${name} must be at most ${limit} bytes`;
  return new AttnError('MALFORMED_FILE', 'models/load', message);
}

/**
 * The JSON object in a file; undefined when there is no such file.
 *
 * Errors: `MALFORMED_FILE` for bad UTF-8, bad JSON, anything but an object, more than `limit` bytes.
 */
export async function readJson(
  store: FileStore,
  file: string,
  limit: number,
): Promise<JsonObject | undefined> {
  const value = await readValue(store, file, limit);
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw malformedFile(store, file, `must be a JSON object, got ${show(value)}`);
}

/** The JSON list in a file; undefined when there is no such file. Errors: those of `readJson`. */
export async function readJsonList(
  store: FileStore,
  file: string,
  limit: number,
): Promise<readonly unknown[] | undefined> {
  const value = await readValue(store, file, limit);
  if (value === undefined || Array.isArray(value)) return value;
  throw malformedFile(store, file, `must be a JSON list, got ${show(value)}`);
}

/** The JSON in a file; undefined when there is no such file. */
async function readValue(store: FileStore, file: string, limit: number): Promise<unknown> {
  const bytes = await store.bytes(file, limit);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw malformedFile(store, file, `is not valid JSON: ${reason.slice(0, 120)}`, { cause });
  }
}
