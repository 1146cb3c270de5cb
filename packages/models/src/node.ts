/**
 * `@attn/models/node`: all of `@attn/models`, and a `loadModel` that
 * also loads folders on disk and models of the Hugging Face hub.
 */
import { stat } from 'node:fs/promises';
import { AttnError } from '@attn/core';
import { checkOptions, show, type OptionKinds } from '@attn/core/backend';
import type { Tokenizer } from '@attn/tokenizers';
import { folderStore } from './files/folder-store.ts';
import type { FileStore } from './files/file-store.ts';
import {
  HUB_OPTIONS,
  hubStore,
  STORE_OPTIONS,
  type HubOptions,
  type HubStoreOptions,
} from './hub/folder/hub-store.ts';
import { isHubId } from './hub/names.ts';
import { urlStore, type UrlMap } from './files/url-store.ts';
import { loadFrom, WEB_OPTIONS, type WebLoadOptions } from './load.ts';
import type { LoadedModel } from './loaded-model.ts';
import { openTokenizer } from './tokenizer.ts';

export * from './index.ts';
export { folderStore, openTensorFile } from './files/folder-store.ts';
export { writeCheckpoint, type WriteCheckpointOptions } from './files/write-checkpoint.ts';
export {
  hubStore,
  type CacheOptions,
  type HubOptions,
  type HubStoreOptions,
} from './hub/folder/hub-store.ts';
export type { DownloadProgress } from './hub/copies.ts';
export {
  clearCached,
  isCached,
  listCached,
  type CachedModel,
  type IsCachedOptions,
} from './hub/folder/manage-cache.ts';

/** Options of `openModel`. */
export interface OpenModelOptions extends HubStoreOptions, Pick<WebLoadOptions, 'headers'> {}

/** Options of `loadModel` in Node. */
export interface NodeLoadOptions extends WebLoadOptions, HubOptions {}

const WHERE = 'models/load';

const OPEN_OPTIONS: OptionKinds<OpenModelOptions> = { ...STORE_OPTIONS, headers: WEB_OPTIONS.headers };
const NODE_OPTIONS: OptionKinds<NodeLoadOptions> = { ...WEB_OPTIONS, ...HUB_OPTIONS };

/**
 * The files of a model: of a folder; of the Hugging Face hub by its id (downloaded once into the cache of
 * Hugging Face's own libraries); under a URL; or at URLs by file name. A string is the path of a folder if
 * that folder exists, and an id otherwise.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`, and those of `hubStore`.
 *
 * @example
 * await using checkpoint = await openCheckpoint(await openModel('allenai/longformer-base-4096'));
 * await writeCheckpoint('longformer', checkpoint);
 */
export async function openModel(
  source: UrlMap | string | URL,
  options: OpenModelOptions = {},
): Promise<FileStore> {
  const { headers, ...hub } = checkOptions(WHERE, options, OPEN_OPTIONS);
  if (typeof source !== 'string' || /^https?:\/\//.test(source)) {
    const { fetch, signal, attempts, idleTimeout } = hub;
    return urlStore(source, { fetch, headers, signal, attempts, idleTimeout });
  }
  const stats = await stat(source).catch(() => undefined);
  if (stats?.isDirectory()) return folderStore(source);
  if (isHubId(source) && stats === undefined) return hubStore(source, hub);
  const message = `the source must be a folder, a model's id such as org/name, or a URL; there is no folder ${show(source)}`;
  throw new AttnError('FILE_NOT_FOUND', WHERE, message);
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
export async function loadTokenizer(
  source: UrlMap | string | URL,
  options: Omit<OpenModelOptions, 'weights'> = {},
): Promise<Tokenizer> {
  const store = await openModel(source, { ...options, weights: false });
  const tokenizer = await openTokenizer(store);
  if (tokenizer !== undefined) return tokenizer;
  const message = `${store.name} has no files of a tokenizer, such as tokenizer.json or vocab.txt`;
  throw new AttnError('FILE_NOT_FOUND', WHERE, message);
}

/**
 * Loads a model from any source that `openModel` takes.
 *
 * Errors: `FILE_NOT_FOUND`, `MALFORMED_FILE` (files that break their rules, tensors that do not fit the
 * config), `UNSUPPORTED` (an unknown model, code of its own), `INVALID_ARGUMENT`, `TIMEOUT` (no network),
 * `ABORTED`.
 *
 * @example
 * const attn = await createAttn();
 * const model = await loadModel('allenai/longformer-base-4096', { attn });
 * const { embeddings } = await model.encode(['Call me Ishmael.']);
 */
export async function loadModel(
  source: UrlMap | string | URL,
  options: NodeLoadOptions = {},
): Promise<LoadedModel> {
  const { architecture, attn, families, inMemory, onProgress, ...place } = checkOptions(
    WHERE,
    options,
    NODE_OPTIONS,
  );
  const loading = { architecture, attn, families, inMemory, onProgress, signal: place.signal };
  return loadFrom(await openModel(source, place), loading);
}
