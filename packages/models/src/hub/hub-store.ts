/**
 * Models of the Hugging Face hub, in the cache folder of Hugging Face's own libraries. Files in the cache
 * are not downloaded again, and can be used without a network.
 */
import { AttnError } from '@attn/core';
import {
  aBoolean,
  aFunction,
  aSignal,
  aString,
  checkOptions,
  integer,
  withCallbacks,
  type OptionKinds,
} from '@attn/core/backend';
import { IDLE_TIMEOUT, type Fetch } from '@attn/safetensors';
import type { FileStore } from '../files/file-store.ts';
import { HubClient, type HubRevision } from './client.ts';
import {
  defaultAccessToken,
  defaultCacheFolder,
  defaultHubUrl,
  hasConversions,
  isOffline,
} from './environment.ts';
import { fetchModel, type DownloadProgress } from './fetch-model.ts';
import { ModelCache } from './model-cache.ts';
import { checkId, checkRevision, isCommit, WHERE } from './names.ts';
import { findSnapshot, snapshotStore, type Snapshot } from './snapshot.ts';

/** Where cached models are, and which copy of a model is meant. */
export interface CacheOptions {
  /** Default: the cache of Hugging Face's libraries, which `HF_HUB_CACHE` and `HF_HOME` set. */
  readonly cacheFolder?: string;
}

/** Options of models from the hub. */
export interface HubOptions extends CacheOptions {
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** For private and gated models. Default: `HF_TOKEN`, or the token of `hf auth login`. */
  readonly accessToken?: string;
  /** Default: `HF_ENDPOINT`, or https://huggingface.co. */
  readonly hubUrl?: string;
  /** Use only the cache, without any request. Default: true when `HF_HUB_OFFLINE` is 1. */
  readonly offline?: boolean;
  /**
   * Where a model has only PyTorch's files: whether the weights may come from the open pull request in which
   * the hub's own bot proposes the very same weights in safetensors. Default true, unless
   * `DISABLE_SAFETENSORS_CONVERSION` is 1.
   */
  readonly conversions?: boolean;
  /** Attempts of a request or a download that breaks. Default 3. */
  readonly attempts?: number;
  /** Milliseconds without a byte after which a connection counts as broken. Default 30,000. */
  readonly idleTimeout?: number;
  readonly fetch?: Fetch;
  readonly signal?: AbortSignal;
  /**
   * Called as bytes arrive. An error that it throws ends the download, which rejects with that error; the
   * downloaded bytes are kept.
   */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Called when the hub cannot be reached and a cached copy is used. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

/** Options of `hubStore`. */
export interface HubStoreOptions extends HubOptions {
  /** False for the config and the tokenizer only. Default true. */
  readonly weights?: boolean;
}

/** Kinds of the options of models from the hub. */
export const HUB_OPTIONS: OptionKinds<HubOptions> = {
  revision: aString,
  accessToken: aString,
  hubUrl: aString,
  cacheFolder: aString,
  offline: aBoolean,
  conversions: aBoolean,
  attempts: integer(1),
  idleTimeout: integer(1),
  fetch: aFunction,
  signal: aSignal,
  onDownload: aFunction,
  onWarning: aFunction,
};

/** Kinds of the options of `hubStore`. */
export const STORE_OPTIONS: OptionKinds<HubStoreOptions> = { ...HUB_OPTIONS, weights: aBoolean };

/** Longest wait for an answer when there is a cached copy, in milliseconds. */
const SHORT_TIMEOUT = 10_000;

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
  return withCallbacks({ onDownload, onWarning }, signal, (callbacks, stop) =>
    storeOf(id, { ...rest, ...callbacks, signal: stop }),
  );
}

async function storeOf(id: string, options: HubStoreOptions): Promise<FileStore> {
  const {
    revision = 'main',
    weights = true,
    conversions = hasConversions(),
    onWarning = console.warn,
  } = options;
  checkId(id);
  checkRevision(revision);
  const cache = new ModelCache(options.cacheFolder ?? defaultCacheFolder(), id);
  const needs = { weights, conversions };
  const cached = await findSnapshot(cache, await cache.commitOf(revision), needs);
  const isWhole = cached?.isWhole === true || cached?.seemsWhole === true;
  if (cached !== undefined && isWhole && isCommit(revision)) return snapshotStore(cache, cached);
  if (options.offline ?? isOffline()) return snapshotStore(cache, usable(cache, revision, cached));

  const access = {
    ...options,
    hubUrl: options.hubUrl ?? defaultHubUrl(),
    accessToken: options.accessToken ?? (await defaultAccessToken()),
  };
  const copy = cached?.missing.length === 0 ? cached : undefined;
  let remote: HubRevision;
  try {
    const { idleTimeout = IDLE_TIMEOUT } = options;
    const patience = copy === undefined ? idleTimeout : Math.min(idleTimeout, SHORT_TIMEOUT);
    remote = await new HubClient({ ...access, idleTimeout: patience }).revision(id, revision);
  } catch (error) {
    if (copy === undefined || !isSilence(error)) throw error;
    const message = `the cached copy of ${id}, commit ${copy.commit.slice(0, 12)}, is used, as ${error.sentence}`;
    onWarning(`[attn/${WHERE.replace('/', '] ')}: ${message}`);
    return snapshotStore(cache, copy);
  }

  const latest = await findSnapshot(cache, remote.commit, needs);
  const snapshot = latest?.isWhole ? latest : await fetchModel(cache, remote, needs, access);
  await cache.note(() => cache.writeRef(revision, remote.commit));
  return snapshotStore(cache, snapshot);
}

/** True when the hub did not answer, or something else answered in its place. */
function isSilence(error: unknown): error is AttnError {
  return error instanceof AttnError && (error.code === 'TIMEOUT' || error.code === 'MALFORMED_FILE');
}

/** The copy, if nothing is missing. Errors: `FILE_NOT_FOUND`. */
function usable(cache: ModelCache, revision: string, copy: Snapshot | undefined): Snapshot {
  if (copy?.missing.length === 0) return copy;
  const place = `${cache.id} at ${revision}`;
  const message =
    copy === undefined
      ? `offline, and ${place} is not in the cache ${cache.root}`
      : `offline, and ${place} in the cache ${cache.root} lacks ${copy.missing.join(', ')}`;
  throw new AttnError('FILE_NOT_FOUND', WHERE, message);
}
