/** The models in the cache of a browser. */
import { aString, checkOptions, type OptionKinds } from '@attn/core/backend';
import type { CachedModel } from './hub/cached-model.ts';
import { checkId, checkRevision, WHERE } from './hub/names.ts';

/** Options of `isCached`. */
export interface IsCachedOptions {
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** Default https://huggingface.co. */
  readonly hubUrl?: string;
}

const OPTIONS: OptionKinds<IsCachedOptions> = { revision: aString, hubUrl: aString };

const manage = () => import('./hub/page/manage-page-cache.ts');

/**
 * Whether a model of the hub can be loaded from the browser's cache without a network.
 *
 * Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * if (!(await isCached('allenai/longformer-base-4096'))) console.log('600 MB will be downloaded');
 */
export async function isCached(id: string, options: IsCachedOptions = {}): Promise<boolean> {
  const { revision = 'main', hubUrl } = checkOptions(WHERE, options, OPTIONS);
  checkId(id);
  checkRevision(revision);
  return (await manage()).isOnPage(id, revision, hubUrl);
}

/**
 * The models in the browser's cache, by their ids.
 *
 * @example
 * for (const { id, bytes } of await listCached()) console.log(id, bytes);
 */
export async function listCached(): Promise<readonly CachedModel[]> {
  return (await manage()).modelsOnPage();
}

/**
 * Removes a model from the browser's cache, or all models, and returns how many bytes that freed.
 *
 * Errors: `INVALID_ARGUMENT` for a model that a page of this origin is downloading.
 *
 * @example
 * const bytes = await clearCached('allenai/longformer-base-4096');
 */
export async function clearCached(id?: string): Promise<number> {
  if (id !== undefined) checkId(id);
  return (await manage()).clearPage(id);
}
