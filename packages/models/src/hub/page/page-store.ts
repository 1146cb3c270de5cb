/**
 * Models of the Hugging Face hub on a page: kept in the cache of the browser, or read from the hub by range
 * requests where that is not wanted or there is no room.
 */
import { AttnError } from '@attn/core';
import { withCallbacks } from '@attn/core/backend';
import type { FileStore } from '../../files/file-store.ts';
import { requestStore } from '../../files/url-store.ts';
import { HubClient } from '../client.ts';
import { joinedStore, type Access, type Needs } from '../copies.ts';
import type { HubRequestOptions } from '../hub-options.ts';
import { checkId, checkRevision, WHERE } from '../names.ts';
import { openCopy, warning } from '../open-copy.ts';
import { planFiles } from '../plan-files.ts';
import { PageCopies } from './page-copies.ts';
import { CacheFullError, PartCache } from './parts.ts';

/** Options of models from the hub on a page. */
export interface PageHubOptions extends HubRequestOptions {
  /** False to keep nothing: tensors are read from the hub each time. Default true. */
  readonly cache?: boolean;
  /** False for the config and the tokenizer only. Default true. */
  readonly weights?: boolean;
}

/** The files of a model of the hub, on a page. Errors: those of `openModel`. */
export async function pageStore(id: string, options: PageHubOptions): Promise<FileStore> {
  const { revision = 'main', weights = true, conversions = true, offline = false } = options;
  checkId(id);
  checkRevision(revision);
  const { signal, onDownload, onWarning } = options;
  const { hubUrl } = new HubClient(options);
  const cache = options.cache === false ? undefined : await PartCache.open();
  return withCallbacks({ onDownload, onWarning }, signal, async (callbacks, stop) => {
    const { onWarning = console.warn } = callbacks;
    const access: Access = { ...options, ...callbacks, hubUrl, signal: stop };
    const needs = { weights, conversions };
    if (cache !== undefined) {
      const copies = new PageCopies(cache, id, hubUrl);
      try {
        return await openCopy(copies, { ...needs, revision, offline, access: () => access, onWarning });
      } catch (error) {
        if (!(error instanceof CacheFullError)) throw error;
        onWarning(warning(`${error.sentence}; it is read from the hub each time`));
      }
    }
    if (!offline) return directStore(id, revision, needs, { ...access, signal });
    const message = `offline, and this host has no cache for ${id}`;
    throw new AttnError('FILE_NOT_FOUND', WHERE, message);
  });
}

/** The files of a model, read from the hub. */
async function directStore(id: string, revision: string, needs: Needs, access: Access): Promise<FileStore> {
  const client = new HubClient(access);
  const remote = await client.revision(id, revision);
  const plan = needs.weights ? await planFiles(client, id, remote, needs) : undefined;
  const { attempts, idleTimeout, signal } = access;
  const http = { fetch: access.fetch, headers: client.headers, attempts, idleTimeout, signal };
  const filesOf = (commit: string): FileStore => {
    const mayHave = (file: string): boolean => commit !== remote.commit || remote.files.includes(file);
    const urlOf = (file: string) => (mayHave(file) ? client.url(id, commit, file) : undefined);
    return requestStore(id, urlOf, http);
  };
  return joinedStore(filesOf(remote.commit), plan?.weights, filesOf);
}
