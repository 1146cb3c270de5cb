/** The files of a model, wherever they are: on the hub, under a URL, or picked by a user. */
import { aBoolean, checkOptions, type OptionKinds } from '@attn/core/backend';
import { AttnError } from '@attn/core';
import type { HttpOptions } from '@attn/safetensors';
import type { Tokenizer } from '@attn/tokenizers';
import { blobStore, type PickedFiles } from './files/blob-store.ts';
import type { FileStore } from './files/file-store.ts';
import { kindOfSource, type ModelSource } from './files/source.ts';
import { HTTP_OPTIONS, urlStore, type UrlMap } from './files/url-store.ts';
import { HUB_REQUEST_OPTIONS, type HubRequestOptions } from './hub/hub-options.ts';
import { openTokenizer } from './tokenizer.ts';

/** Options of requests: to the hub, or to other servers. */
export interface RequestOptions extends HubRequestOptions, Pick<HttpOptions, 'headers'> {
  /**
   * Whether models of the hub are kept in the browser's cache. False to read tensors from the hub each time.
   * Default true.
   */
  readonly cache?: boolean;
}

/** Options of `openModel`. */
export interface OpenModelOptions extends RequestOptions {
  /** False for the config and the tokenizer only. Default true. */
  readonly weights?: boolean;
}

const WHERE = 'models/load';

/** Kinds of the options of requests. */
export const REQUEST_OPTIONS: OptionKinds<RequestOptions> = {
  ...HUB_REQUEST_OPTIONS,
  headers: HTTP_OPTIONS.headers,
  cache: aBoolean,
};

const OPEN_OPTIONS: OptionKinds<OpenModelOptions> = { ...REQUEST_OPTIONS, weights: aBoolean };

/**
 * The files of a model: of the Hugging Face hub by its id, kept in the browser's cache; under a URL, which
 * may be relative on a page; at URLs by file name; or picked by a user. In Node, `@attn/models/node` has an
 * `openModel` that also takes folders, and keeps models on disk.
 *
 * Errors: `FILE_NOT_FOUND` (no such model, no weights; offline: something is not in the cache),
 * `INVALID_ARGUMENT` (an impossible source, no permission), `MALFORMED_FILE`, `TIMEOUT` (no network),
 * `ABORTED`.
 *
 * @example
 * const store = await openModel('allenai/longformer-base-4096');
 * await using checkpoint = await openCheckpoint(store);
 */
export async function openModel(source: ModelSource, options: OpenModelOptions = {}): Promise<FileStore> {
  const { headers, cache, weights, ...rest } = checkOptions(WHERE, options, OPEN_OPTIONS);
  const kind = kindOfSource(source);
  if (kind === 'picked') return blobStore(source as PickedFiles);
  if (kind === 'id') {
    const { pageStore } = await import('./hub/page/page-store.ts');
    return pageStore(source as string, { ...rest, cache, weights });
  }
  const { fetch, signal, attempts, idleTimeout, onWarning } = rest;
  const http = { fetch, headers, signal, attempts, idleTimeout, onWarning };
  return urlStore(source as string | URL | UrlMap, http);
}

/**
 * The tokenizer of a model, from any source that `openModel` takes. Weights are neither downloaded nor read.
 *
 * Errors: those of `openModel`; `FILE_NOT_FOUND` for a model without the files of a tokenizer;
 * `MALFORMED_FILE`, `UNSUPPORTED`.
 *
 * @example
 * const tokenizer = await loadTokenizer('allenai/longformer-base-4096');
 * const { ids, offsets } = tokenizer.encode('Call me Ishmael.');
 */
export async function loadTokenizer(source: ModelSource, options: RequestOptions = {}): Promise<Tokenizer> {
  const checked = checkOptions(WHERE, options, REQUEST_OPTIONS);
  return tokenizerOf(await openModel(source, { ...checked, weights: false }));
}

/** The tokenizer of a store. Errors: those of `loadTokenizer`. */
export async function tokenizerOf(store: FileStore): Promise<Tokenizer> {
  const tokenizer = await openTokenizer(store);
  if (tokenizer !== undefined) return tokenizer;
  const message = `${store.name} has no files of a tokenizer, such as tokenizer.json or vocab.txt`;
  throw new AttnError('FILE_NOT_FOUND', WHERE, message);
}
