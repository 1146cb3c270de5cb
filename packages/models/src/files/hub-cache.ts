/**
 * Models of the Hugging Face hub, in the cache folder of Hugging Face's own
 * libraries: `models--org--name/snapshots/<commit>/…` are links to `blobs/<hash>`.
 * Files in the cache are not downloaded again, and can be used without a network.
 */
import { copyFile, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AttnError } from '@attn/core';
import {
  aBoolean,
  aFunction,
  aSignal,
  aString,
  checkOptions,
  show,
  throwIfAborted,
  withCallbacks,
  type OptionKinds,
} from '@attn/core/backend';
import type * as HubModule from '@huggingface/hub';
import type { Fetch } from '@attn/safetensors';
import { readJson, type FileStore } from './file-store.ts';
import { folderStore } from './folder-store.ts';
import { downloadTo, type HubFile } from './hub-download.ts';
import { INDEX, INDEX_LIMIT, PICKLES, readWeightMap, pickleError, WEIGHTS } from './open-checkpoint.ts';

/** How far a download has come, in bytes of all files. */
export interface DownloadProgress {
  /** The file that is being downloaded. */
  readonly file: string;
  readonly done: number;
  readonly total: number;
}

/** Options of models from the hub. */
export interface HubOptions {
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** For private and gated models. */
  readonly accessToken?: string;
  /** Default https://huggingface.co. */
  readonly hubUrl?: string;
  /** Default: the cache of Hugging Face's libraries, which `HF_HUB_CACHE` and `HF_HOME` set. */
  readonly cacheFolder?: string;
  /** Use only the cache, without any request. Default: true when `HF_HUB_OFFLINE` is 1. */
  readonly offline?: boolean;
  readonly fetch?: Fetch;
  readonly signal?: AbortSignal;
  /**
   * Called as bytes arrive. An error that it throws ends the download,
   * which rejects with that error; the downloaded bytes are kept.
   */
  readonly onDownload?: (progress: DownloadProgress) => void;
}

/** What each option of models from the hub must be. */
export const HUB_OPTIONS: OptionKinds<HubOptions> = {
  revision: aString,
  accessToken: aString,
  hubUrl: aString,
  cacheFolder: aString,
  offline: aBoolean,
  fetch: aFunction,
  signal: aSignal,
  onDownload: aFunction,
};

const WHERE = 'models/hub';

/** Files beside the weights that are downloaded if they exist. */
const COMPANIONS = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

const COMMIT = /^[0-9a-f]{40}$/;
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const ID = /^[A-Za-z0-9_-][\w.-]*(\/[A-Za-z0-9_-][\w.-]*)?$/;
const REVISION = /^[A-Za-z0-9_-][\w.-]*(\/[A-Za-z0-9_-][\w.-]*)*$/;

/** True for a text that may be the id of a model: `allenai/longformer-base-4096`. */
export function isHubId(text: string): boolean {
  return ID.test(text);
}

/**
 * Downloads the files of a model that the cache lacks, and returns a store of all its files.
 *
 * Errors: `FILE_NOT_FOUND` (no such model; offline: not in the cache),
 * `INVALID_ARGUMENT` (an impossible id or revision, no permission), `UNSUPPORTED`
 * (only pickles), `MALFORMED_FILE`, `TIMEOUT` (no network), `ABORTED`.
 *
 * @example
 * const store = await hubStore('allenai/longformer-base-4096', { revision: 'main' });
 */
export async function hubStore(id: string, options: HubOptions = {}): Promise<FileStore> {
  const { signal, onDownload, ...rest } = checkOptions(WHERE, options, HUB_OPTIONS);
  return withCallbacks({ onDownload }, signal, (callbacks, stop) =>
    storeOf(id, { ...rest, ...callbacks, signal: stop }),
  );
}

async function storeOf(id: string, options: HubOptions): Promise<FileStore> {
  const {
    revision = 'main',
    offline = ['1', 'true', 'yes', 'on'].includes(process.env.HF_HUB_OFFLINE?.toLowerCase() ?? ''),
  } = options;
  if (typeof id !== 'string' || !isHubId(id))
    throw new AttnError('INVALID_ARGUMENT', WHERE, `a model's id must be like org/name, got ${show(id)}`);
  if (!REVISION.test(revision)) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `a revision must be a branch, a tag or a commit, got ${show(revision)}`,
    );
  }
  const hub = await importHub();
  const cache = join(options.cacheFolder ?? hub.getHFHubCachePath(), `models--${id.replace('/', '--')}`);
  if (offline) return cachedStore(id, cache, revision);
  const download = new HubDownload(hub, id, cache, options);
  return folderStore(await download.snapshot(revision), id);
}

/** The module @huggingface/hub, which is loaded only when it is needed. */
type Hub = typeof HubModule;

async function importHub(): Promise<Hub> {
  try {
    return await import('@huggingface/hub');
  } catch (cause) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      '@huggingface/hub could not be loaded; npm install @huggingface/hub',
      { cause },
    );
  }
}

/** The files of an earlier download. */
async function cachedStore(id: string, cache: string, revision: string): Promise<FileStore> {
  const ref = await readFile(join(cache, 'refs', revision), 'utf8').catch(() => revision);
  const commit = ref.trim();
  const folder = join(cache, 'snapshots', commit);
  if (COMMIT.test(commit) && (await isThere(folder))) return folderStore(folder, id);
  throw new AttnError(
    'FILE_NOT_FOUND',
    WHERE,
    `offline, and ${id} at ${revision} is not in the cache ${dirname(cache)}`,
  );
}

/** Downloads one model. */
class HubDownload {
  private readonly hub: Hub;
  private readonly id: string;
  private readonly cache: string;
  private readonly options: HubOptions;
  private done = 0;
  private total = 0;

  constructor(hub: Hub, id: string, cache: string, options: HubOptions) {
    this.hub = hub;
    this.id = id;
    this.cache = cache;
    this.options = options;
  }

  /** Downloads a revision and returns its folder. */
  async snapshot(revision: string): Promise<string> {
    const { sha, filePaths } = await this.ask(() =>
      this.hub.modelInfo({
        ...this.request(),
        name: this.id,
        revision,
        additionalFields: ['sha', 'filePaths'],
      }),
    );
    if (!COMMIT.test(sha)) throw malformed(`the hub must name a commit of ${this.id}, got ${show(sha)}`);
    const folder = join(this.cache, 'snapshots', sha);
    const files = COMPANIONS.filter((file) => filePaths.includes(file));
    if (filePaths.includes(WEIGHTS)) files.push(WEIGHTS);
    else if (filePaths.includes(INDEX)) files.push(INDEX);
    else {
      const pickle = PICKLES.find((file) => filePaths.includes(file));
      if (pickle !== undefined) throw pickleError(this.id, pickle);
    }
    await this.fetchAll(sha, folder, files);
    if (files.includes(INDEX)) {
      const store = folderStore(folder, this.id);
      const index = await readJson(store, INDEX, INDEX_LIMIT);
      const shards = new Set(readWeightMap(store, index ?? {}).map(([, file]) => file));
      await this.fetchAll(sha, folder, [...shards]);
    }
    if (revision !== sha) await writeNew(join(this.cache, 'refs', revision), sha);
    return folder;
  }

  /** Downloads files into a snapshot. */
  private async fetchAll(commit: string, folder: string, paths: readonly string[]): Promise<void> {
    const absent: string[] = [];
    for (const path of paths) if (!(await isThere(join(folder, path)))) absent.push(path);
    if (absent.length === 0) return;
    const files = await this.describe(commit, absent);
    this.total += files.reduce((sum, { size }) => sum + size, 0);
    for (const file of files) {
      const blob = join(this.cache, 'blobs', file.hash);
      if (!(await isThere(blob))) await this.fetch(commit, file, blob);
      this.done += file.size;
      await link(blob, join(folder, file.path));
    }
  }

  /** Sizes and hashes of files. Hashes become names in the cache, so their form is checked. */
  private async describe(commit: string, paths: readonly string[]): Promise<readonly HubFile[]> {
    const infos = await this.ask(() =>
      this.hub.pathsInfo({ ...this.request(), repo: this.id, paths: [...paths], revision: commit }),
    );
    return paths.map((path) => {
      const info = infos.find((file) => file.path === path);
      const hash = info?.lfs?.oid ?? info?.oid;
      if (
        info &&
        hash !== undefined &&
        HASH.test(hash) &&
        Number.isSafeInteger(info.size) &&
        info.size >= 0
      ) {
        return { path, size: info.size, hash };
      }
      throw malformed(`the hub must give size and hash of ${path} of ${this.id}, got ${show(info)}`);
    });
  }

  private async fetch(commit: string, file: HubFile, blob: string): Promise<void> {
    const { signal, onDownload } = this.options;
    const { path, size } = file;
    const connect = async (offset: number): Promise<ReadableStream<Uint8Array>> => {
      const request = { ...this.request(), repo: this.id, path, revision: commit, xet: false };
      const content = await this.ask(() => this.hub.downloadFile(request));
      if (content?.size !== size) {
        throw malformed(`${path} of ${this.id} must have ${size} bytes, got ${content?.size ?? 'no file'}`);
      }
      return (offset === 0 ? content : content.slice(offset, size)).stream();
    };
    const onBytes = (done: number): void =>
      onDownload?.({ file: path, done: this.done + done, total: this.total });
    onBytes(0);
    await downloadTo(blob, file, connect, { signal, onBytes });
  }

  /** Options of every request to the hub. */
  private request(): { fetch: typeof fetch; hubUrl?: string; accessToken?: string } {
    const { fetch: userFetch = globalThis.fetch, signal, hubUrl, accessToken } = this.options;
    return {
      hubUrl,
      accessToken,
      fetch: (input, init) =>
        userFetch(input instanceof Request ? input.url : String(input), {
          ...init,
          signal: signal ?? init?.signal,
        }),
    };
  }

  /** Asks the hub; its errors become `AttnError`s. */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    throwIfAborted(this.options.signal, WHERE);
    try {
      return await question();
    } catch (cause) {
      throwIfAborted(this.options.signal, WHERE);
      if (cause instanceof AttnError) throw cause;
      const reason = cause instanceof Error ? cause.message.slice(0, 240) : String(cause);
      if (!(cause instanceof this.hub.HubApiError)) {
        const code = cause instanceof TypeError && /token/.test(reason) ? 'INVALID_ARGUMENT' : 'TIMEOUT';
        throw new AttnError(code, WHERE, `the hub could not be asked for ${this.id}: ${reason}`, { cause });
      }
      const { statusCode: status } = cause;
      const code =
        status === 404 ? 'FILE_NOT_FOUND' : status >= 500 || status === 429 ? 'TIMEOUT' : 'INVALID_ARGUMENT';
      throw new AttnError(code, WHERE, `the hub refused ${this.id} with status ${status}: ${reason}`, {
        cause,
      });
    }
  }
}

/** Puts a link into a snapshot, or a copy where the system has no links. */
async function link(blob: string, pointer: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true });
  try {
    await symlink(join('..', '..', 'blobs', basename(blob)), pointer);
  } catch {
    if (!(await isThere(pointer))) await copyFile(blob, pointer);
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function malformed(message: string): AttnError {
  return new AttnError('MALFORMED_FILE', WHERE, message);
}
