/** Which models are in the cache, how large they are, and how they are removed. */
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AttnError } from '@attn/core';
import { aString, checkOptions, show, type OptionKinds } from '@attn/core/backend';
import type { CachedModel } from '../cached-model.ts';
import { codeOf, onDisk } from './cache-error.ts';
import { defaultCacheFolder, hasConversions } from './environment.ts';
import { isDownloading } from './folder-copies.ts';
import { HUB_OPTIONS, type CacheOptions } from './hub-store.ts';
import { ownerOf } from './lock.ts';
import { LOCK_ENDING, ModelCache, RECORDS } from './model-cache.ts';
import { checkId, checkRevision, isCommit, isHubId, WHERE } from '../names.ts';
import { findSnapshot } from './snapshot.ts';

/** Options of `isCached`. */
export interface IsCachedOptions extends CacheOptions {
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
}

const CACHE_OPTIONS: OptionKinds<CacheOptions> = { cacheFolder: aString };
const IS_CACHED_OPTIONS: OptionKinds<IsCachedOptions> = {
  cacheFolder: aString,
  revision: HUB_OPTIONS.revision,
};

/** Folders and files in the folder of a model. */
const LAYOUT: ReadonlySet<string> = new Set([
  'blobs',
  'refs',
  'snapshots',
  '.no_exist',
  RECORDS,
  '.DS_Store',
]);

/** The start of the name of a folder that is being removed. */
const REMOVED = '.attn-removed-';

/**
 * Whether a model can be loaded from the cache without a network: its config and all its weights are there.
 *
 * Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * if (!(await isCached('allenai/longformer-base-4096'))) console.log('600 MB will be downloaded');
 */
export async function isCached(id: string, options: IsCachedOptions = {}): Promise<boolean> {
  const { cacheFolder = defaultCacheFolder(), revision = 'main' } = checkOptions(
    WHERE,
    options,
    IS_CACHED_OPTIONS,
  );
  checkId(id);
  checkRevision(revision);
  const cache = new ModelCache(cacheFolder, id);
  const needs = { weights: true, conversions: hasConversions() };
  return (await findSnapshot(cache, await cache.commitOf(revision), needs))?.missing.length === 0;
}

/**
 * The models in the cache, by their ids, whichever library downloaded them. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * for (const { id, bytes } of await listCached()) console.log(id, bytes);
 */
export async function listCached(options: CacheOptions = {}): Promise<readonly CachedModel[]> {
  const { cacheFolder = defaultCacheFolder() } = checkOptions(WHERE, options, CACHE_OPTIONS);
  const models: CachedModel[] = [];
  for (const name of (await namesIn(cacheFolder)).sort()) {
    const id = idOf(name);
    if (id === undefined || (await strangersIn(join(cacheFolder, name))) !== undefined) continue;
    models.push(await describe(new ModelCache(cacheFolder, id)));
  }
  return models;
}

/**
 * Removes a model from the cache, or all models, and returns how many bytes that freed. Only folders with
 * the layout of cached models are removed. Other files in the cache folder, such as data sets, stay.
 *
 * Errors: `INVALID_ARGUMENT` for a model that is being downloaded, and for a folder with other files in it.
 *
 * @example
 * const bytes = await clearCached('allenai/longformer-base-4096');
 */
export async function clearCached(id?: string, options: CacheOptions = {}): Promise<number> {
  const { cacheFolder = defaultCacheFolder() } = checkOptions(WHERE, options, CACHE_OPTIONS);
  if (id !== undefined) checkId(id);
  const ids = id === undefined ? (await listCached({ cacheFolder })).map((model) => model.id) : [id];
  const caches = ids.map((id) => new ModelCache(cacheFolder, id));
  // All are looked at before the first is removed.
  for (const cache of caches) await checkRemovable(cache);
  let bytes = 0;
  for (const cache of caches) bytes += await remove(cache);
  for (const name of await namesIn(cacheFolder)) {
    // A process was killed while it removed this folder.
    if (!name.startsWith(REMOVED) || idOf(name.slice(REMOVED.length)) === undefined) continue;
    await onDisk(cacheFolder, () => rm(join(cacheFolder, name), { recursive: true, force: true }));
  }
  return bytes;
}

/** Throws `INVALID_ARGUMENT` for a model that may not be removed. */
async function checkRemovable(cache: ModelCache): Promise<void> {
  const refuse = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  };
  const stranger = await strangersIn(cache.folder);
  if (stranger !== undefined) {
    refuse(`${cache.folder} must be the folder of a cached model to be removed, but it ${stranger}`);
  }
  if (isDownloading(cache))
    refuse(`${cache.id} is being downloaded by this process: await that, or abort it`);
  for (const name of await namesIn(cache.locks)) {
    const owner = name.endsWith(LOCK_ENDING) ? await ownerOf(join(cache.locks, name)) : undefined;
    if (owner !== undefined) refuse(`${cache.id} is being downloaded by ${owner}: wait until it is done`);
  }
}

/** Removes a model. It leaves its place in one step, so that nobody meets half of it. */
async function remove(cache: ModelCache): Promise<number> {
  const { bytes } = await sizeOfTree(cache.folder);
  const aside = join(cache.root, `${REMOVED}${basename(cache.folder)}`);
  await onDisk(cache.root, async () => {
    await rm(aside, { recursive: true, force: true });
    await rename(cache.folder, aside).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    await rm(aside, { recursive: true, force: true });
    for (const name of await namesIn(cache.locks)) {
      if (name.endsWith(LOCK_ENDING)) await rm(join(cache.locks, name), { force: true });
    }
  });
  return bytes;
}

async function describe(cache: ModelCache): Promise<CachedModel> {
  const refs = await filesIn(join(cache.folder, 'refs'));
  const commits = new Map(
    await Promise.all(refs.map(async (ref) => [ref, await cache.commitOf(ref)] as const)),
  );
  const snapshots = (await readdir(join(cache.folder, 'snapshots')).catch(() => [])).filter(isCommit);
  const revisions = snapshots.flatMap((commit) => {
    const names = refs.filter((ref) => commits.get(ref) === commit);
    return names.length === 0 ? [commit] : names;
  });
  const { bytes, lastUsed } = await sizeOfTree(cache.folder);
  return { id: cache.id, revisions, bytes, ...(lastUsed > 0 && { lastUsed: new Date(lastUsed) }) };
}

/** The id of a folder's name; undefined when it is not the folder of a model. */
function idOf(name: string): string | undefined {
  const id = name.startsWith('models--') ? name.slice('models--'.length).replace('--', '/') : '';
  return isHubId(id) ? id : undefined;
}

/** What does not belong in the folder of a model, as the end of a sentence; undefined when all does. */
async function strangersIn(folder: string): Promise<string | undefined> {
  const stats = await lstat(folder).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return 'is a link to another place';
  if (!stats.isDirectory()) return 'is a file';
  const names = await namesIn(folder);
  const stranger = names.find((name) => !LAYOUT.has(name));
  if (stranger !== undefined) return `has ${show(stranger)} in it`;
  return names.includes('blobs') || names.includes('snapshots')
    ? undefined
    : 'has neither blobs nor snapshots';
}

/** Bytes of the files of a folder, and when one was last read. Links count nothing. */
async function sizeOfTree(folder: string): Promise<{ readonly bytes: number; readonly lastUsed: number }> {
  let [bytes, lastUsed] = [0, 0];
  for (const file of await filesIn(folder)) {
    const stats = await lstat(join(folder, file)).catch(() => undefined);
    if (!stats?.isFile()) continue;
    bytes += stats.size;
    lastUsed = Math.max(lastUsed, stats.atimeMs);
  }
  return { bytes, lastUsed };
}

/** Paths of all files and links under a folder. Links are not followed. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const lists = entries.map(async (entry) => {
    if (!entry.isDirectory()) return [entry.name];
    return (await filesIn(join(folder, entry.name))).map((file) => `${entry.name}/${file}`);
  });
  return (await Promise.all(lists)).flat();
}

/** Names in a folder; none when there is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  return onDisk(folder, () =>
    readdir(folder).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }),
  );
}
