/** Which models a browser has in its cache, how large they are, and how they are removed. */
import { AttnError } from '@attn/core';
import { HubClient } from '../client.ts';
import { WHERE } from '../names.ts';
import type { CachedModel } from '../cached-model.ts';
import { LOCK_PREFIX, PageCopies } from './page-copies.ts';
import { PartCache } from './parts.ts';

/** Whether a model is whole in the cache. */
export async function isOnPage(id: string, revision: string, hubUrl?: string): Promise<boolean> {
  const cache = await PartCache.open();
  if (cache === undefined) return false;
  const copies = new PageCopies(cache, id, new HubClient({ hubUrl }).hubUrl);
  const needs = { weights: true, conversions: true };
  return (await copies.find(await copies.commitOf(revision), needs))?.isWhole === true;
}

/** The models in the cache, by their ids. */
export async function modelsOnPage(): Promise<readonly CachedModel[]> {
  const models = new Map<string, { bytes: number; readonly revisions: string[] }>();
  for (const { id, url, bytes } of (await (await PartCache.open())?.entries()) ?? []) {
    const model = models.get(id) ?? { bytes: 0, revisions: [] };
    models.set(id, model);
    model.bytes += bytes;
    const [, revision] = /\/([^/]+)\?attn-revision$/.exec(url) ?? [];
    if (revision !== undefined) model.revisions.push(decodeURIComponent(revision));
  }
  return [...models]
    .map(([id, { bytes, revisions }]) => ({ id, bytes, revisions: revisions.toSorted() }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Removes a model, or all, and returns how many bytes that freed. */
export async function clearPage(id?: string): Promise<number> {
  const cache = await PartCache.open();
  if (cache === undefined) return 0;
  const entries = (await cache.entries()).filter((entry) => id === undefined || entry.id === id);
  await checkRemovable(id);
  let freed = 0;
  for (const { url, bytes } of entries) {
    await cache.delete(url);
    freed += bytes;
  }
  return freed;
}

/** Throws `INVALID_ARGUMENT` while a page of this origin downloads. */
async function checkRemovable(id?: string): Promise<void> {
  const { held = [] } = (await globalThis.navigator?.locks?.query()) ?? {};
  const busy = held.map(({ name = '' }) => name).filter((name) => name.startsWith(LOCK_PREFIX));
  const url = busy.map((name) => name.slice(LOCK_PREFIX.length));
  const owner = url.find((url) => id === undefined || url.includes(`/${id}/resolve/`));
  if (owner === undefined) return;
  const message = `${owner} is being downloaded by a page of this origin: await that, or abort it`;
  throw new AttnError('INVALID_ARGUMENT', WHERE, message);
}
