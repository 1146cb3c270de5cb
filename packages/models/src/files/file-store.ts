/** A store of a checkpoint's files: a folder, a list of URLs, a model hub. All have one interface. */
import { AttnError, type JsonObject, type Tensor } from '@attn/core';
import { show } from '@attn/core/backend';
import type { SafetensorsFile } from '@attn/safetensors';

/** An open .safetensors file. */
export interface TensorFile extends SafetensorsFile {
  /**
   * A tensor that is read when its data is asked for, even after the
   * file is disposed. Absent where files cannot be read synchronously.
   */
  readonly lazyTensor?: (name: string) => Tensor;
  /** Closes the file. Idempotent. Tensors that were read stay valid. */
  dispose(): Promise<void>;
}

/** Files by name. */
export interface FileStore {
  /** For messages: a path, a URL, an id. */
  readonly name: string;
  has(file: string): Promise<boolean>;
  /**
   * All bytes of a file; undefined when there is no such file.
   * Errors: `MALFORMED_FILE` for more than `limit` bytes.
   */
  bytes(file: string, limit: number): Promise<Uint8Array | undefined>;
  /** Opens a .safetensors file; only its header is read. Errors: `FILE_NOT_FOUND`, `MALFORMED_FILE`. */
  tensors(file: string): Promise<TensorFile>;
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
  const bytes = await store.bytes(file, limit);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw malformedFile(store, file, `is not valid JSON: ${reason.slice(0, 120)}`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw malformedFile(store, file, `must be a JSON object, got ${show(value)}`);
}
