/**
 * Models of the Hugging Face hub, in the cache folder of Hugging Face's own libraries. Files in the cache
 * are not downloaded again, and can be used without a network.
 */
import { aBoolean, aString, checkOptions, withCallbacks, type OptionKinds } from '@attn/core/backend';
import type { FileStore } from '../../files/file-store.ts';
import { HUB_REQUEST_OPTIONS, type HubRequestOptions } from '../hub-options.ts';
import { checkId, checkRevision, WHERE } from '../names.ts';
import { openCopy } from '../open-copy.ts';
import {
  defaultAccessToken,
  defaultCacheFolder,
  defaultHubUrl,
  hasConversions,
  isOffline,
} from './environment.ts';
import { FolderCopies } from './folder-copies.ts';
import { ModelCache } from './model-cache.ts';

/** Where cached models are, and which copy of a model is meant. */
export interface CacheOptions {
  /** Default: the cache of Hugging Face's libraries, which `HF_HUB_CACHE` and `HF_HOME` set. */
  readonly cacheFolder?: string;
}

/**
 * Options of models from the hub. What is not given is taken from the environment: `hubUrl` from
 * `HF_ENDPOINT`, `accessToken` from `HF_TOKEN` or the token of `hf auth login`, `offline` from
 * `HF_HUB_OFFLINE`, `conversions` from `DISABLE_SAFETENSORS_CONVERSION`.
 */
export interface HubOptions extends HubRequestOptions, CacheOptions {}

/** Options of `hubStore`. */
export interface HubStoreOptions extends HubOptions {
  /** False for the config and the tokenizer only. Default true. */
  readonly weights?: boolean;
}

/** Kinds of the options of models from the hub. */
export const HUB_OPTIONS: OptionKinds<HubOptions> = { ...HUB_REQUEST_OPTIONS, cacheFolder: aString };

/** Kinds of the options of `hubStore`. */
export const STORE_OPTIONS: OptionKinds<HubStoreOptions> = { ...HUB_OPTIONS, weights: aBoolean };

/**
 * Downloads the files of a model that the cache lacks, and returns a store of all its files. A full commit
 * that is in the cache asks nobody; when the hub cannot be reached, the cached copy is used, with a warning.
 *
 * Errors: `FILE_NOT_FOUND` (no such model, no weights; offline: something is not in the cache),
 * `INVALID_ARGUMENT` (an impossible id or revision, no permission, a cache folder that cannot be written),
 * `MALFORMED_FILE`, `TIMEOUT` (no network), `ABORTED`.
 *
 * @example
 * const store = await hubStore('allenai/longformer-base-4096', { revision: 'main' });
 */
export async function hubStore(id: string, options: HubStoreOptions = {}): Promise<FileStore> {
  const { signal, onDownload, onWarning, ...rest } = checkOptions(WHERE, options, STORE_OPTIONS);
  const {
    revision = 'main',
    weights = true,
    conversions = hasConversions(),
    offline = isOffline(),
    cacheFolder = defaultCacheFolder(),
  } = rest;
  checkId(id);
  checkRevision(revision);
  const copies = new FolderCopies(new ModelCache(cacheFolder, id));
  return withCallbacks(
    { onDownload, onWarning },
    signal,
    ({ onDownload, onWarning = console.warn }, stop) => {
      const access = async () => ({
        ...rest,
        hubUrl: rest.hubUrl ?? defaultHubUrl(),
        accessToken: rest.accessToken ?? (await defaultAccessToken()),
        onDownload,
        signal: stop,
      });
      return openCopy(copies, { revision, weights, conversions, offline, access, onWarning });
    },
  );
}
