/**
 * `@attn/models/node`: all of `@attn/models`, and a `loadModel` that
 * also loads folders on disk and models of the Hugging Face hub.
 */
import { stat } from 'node:fs/promises';
import { AttnError } from '@attn/core';
import { checkOptions, show, type OptionKinds } from '@attn/core/backend';
import { folderStore } from './files/folder-store.ts';
import { HUB_OPTIONS, hubStore, type HubOptions } from './hub/hub-store.ts';
import { isHubId } from './hub/names.ts';
import type { UrlMap } from './files/url-store.ts';
import { loadFrom, loadModel as loadFromWeb, WEB_OPTIONS, type WebLoadOptions } from './load.ts';
import type { LoadedModel } from './loaded-model.ts';

export * from './index.ts';
export { folderStore } from './files/folder-store.ts';
export { writeCheckpoint } from './files/write-checkpoint.ts';
export { hubStore, type CacheOptions, type HubOptions, type HubStoreOptions } from './hub/hub-store.ts';
export type { DownloadProgress } from './hub/fetch-model.ts';
export {
  clearCached,
  isCached,
  listCached,
  type CachedModel,
  type IsCachedOptions,
} from './hub/manage-cache.ts';

/** Options of `loadModel` in Node. */
export interface NodeLoadOptions extends WebLoadOptions, HubOptions {}

const WHERE = 'models/load';

const NODE_OPTIONS: OptionKinds<NodeLoadOptions> = { ...WEB_OPTIONS, ...HUB_OPTIONS };

/**
 * Loads a model: from a folder; from the Hugging Face hub by its id (downloaded once into the
 * cache of Hugging Face's own libraries); from one URL under which the files lie; or from URLs
 * by file name. A string is the path of a folder if that folder exists, and an id otherwise.
 *
 * Errors: `FILE_NOT_FOUND`, `MALFORMED_FILE` (files that break their rules, tensors that do not fit the
 * config), `UNSUPPORTED` (an unknown model, pickles), `INVALID_ARGUMENT`, `TIMEOUT` (no network), `ABORTED`.
 *
 * @example
 * const attn = await createAttn();
 * const model = await loadModel('models/longformer', { attn });
 * const { embeddings } = await model.encode(['Call me Ishmael.']);
 */
export async function loadModel(
  source: UrlMap | string | URL,
  options: NodeLoadOptions = {},
): Promise<LoadedModel> {
  const { fetch, headers, ...rest } = checkOptions(WHERE, options, NODE_OPTIONS);
  const { revision, accessToken, hubUrl, cacheFolder, offline, conversions, ...others } = rest;
  const { attempts, idleTimeout, onDownload, onWarning, ...loading } = others;
  if (typeof source !== 'string' || /^https?:\/\//.test(source))
    return loadFromWeb(source, { ...loading, fetch, headers });
  const stats = await stat(source).catch(() => undefined);
  if (stats?.isDirectory()) return loadFrom(folderStore(source), loading);
  if (isHubId(source) && stats === undefined) {
    const place = { revision, accessToken, hubUrl, cacheFolder, offline, conversions };
    const requests = { attempts, idleTimeout, fetch, signal: loading.signal, onDownload, onWarning };
    return loadFrom(await hubStore(source, { ...place, ...requests }), loading);
  }
  const message = `the source must be a folder, a model's id such as org/name, or a URL; there is no folder ${show(source)}`;
  throw new AttnError('FILE_NOT_FOUND', WHERE, message);
}
