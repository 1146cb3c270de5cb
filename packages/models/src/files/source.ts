/** What people pass as the source of a model, on every host, and what it means. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { isHubId } from '../hub/names.ts';
import { kindOf } from '../kind-of.ts';
import { isPicked, type PickedFiles } from './blob-store.ts';
import type { UrlMap } from './url-store.ts';

/**
 * The source of a model: the id of a model of the hub, such as `allenai/longformer-base-4096`; a URL under
 * which its files lie (a text is one when it begins with a scheme, `/`, `./` or `../`, or ends in `/`); URLs
 * by file name; or files that a user has picked.
 */
export type ModelSource = string | URL | UrlMap | PickedFiles;

/** What a source means. */
export type SourceKind = 'id' | 'url' | 'urls' | 'picked';

/** What a source means on hosts without folders. Errors: `INVALID_ARGUMENT`. */
export function kindOfSource(source: unknown): SourceKind {
  if (typeof source === 'string') {
    if (isUrlText(source)) return 'url';
    if (isHubId(source)) return 'id';
    const message = `the source must be a model's id, such as org/name, or a URL, which ends in / or begins with ./, / or a scheme, got ${show(source)}`;
    throw new AttnError('INVALID_ARGUMENT', 'models/load', message);
  }
  if (kindOf(source) === 'URL') return 'url';
  return isPicked(source) ? 'picked' : 'urls';
}

/** True for a text that is meant as a URL. */
export function isUrlText(text: string): boolean {
  return /^(\/|\.\.?\/|[a-z][a-z\d+.-]*:)|\/$/i.test(text);
}
