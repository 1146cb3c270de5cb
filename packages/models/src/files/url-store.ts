/** Files on a web server: by a list of URLs, or beside each other under one. Tensors are read by range requests. */
import { httpSource, openSafetensors, type HttpOptions } from '@attn/safetensors';
import {
  aFunction,
  anObject,
  aSignal,
  AttnError,
  checkOptions,
  integer,
  show,
  type OptionKinds,
} from '@attn/core';
import { tooLong, type FileStore } from './file-store.ts';

/** URLs by file name: `{ 'config.json': …, 'model.safetensors': … }`. */
export type UrlMap = Readonly<Record<string, string | URL>>;

const WHERE = 'models/load';

/** What each option of requests must be. */
export const HTTP_OPTIONS: OptionKinds<HttpOptions> = {
  fetch: aFunction,
  headers: anObject,
  signal: aSignal,
  attempts: integer(1),
};

/**
 * A store over URLs: one for each file, or one that ends before the files' names. Errors: `INVALID_ARGUMENT`.
 */
export function urlStore(urls: UrlMap | string | URL, options: HttpOptions = {}): FileStore {
  const http = checkOptions(WHERE, options, HTTP_OPTIONS);
  const isFolder = typeof urls === 'string' || urls instanceof URL;
  if (!isFolder && (typeof urls !== 'object' || urls === null || Array.isArray(urls))) throw notUrl(urls);
  const base = isFolder ? String(urls).replace(/\/*$/, '/') : undefined;
  const urlOf = (file: string): string | undefined => {
    if (!isFolder) return Object.hasOwn(urls, file) ? checkUrl(urls[file]) : undefined;
    if (!URL.canParse(file, base)) throw notUrl(urls);
    return new URL(file, base).href;
  };
  const source = async (file: string) => {
    const url = urlOf(file);
    if (url === undefined) throw new AttnError('FILE_NOT_FOUND', WHERE, `no URL is given for ${file}`);
    return httpSource(url, http);
  };
  const sourceIfThere = async (file: string) => {
    try {
      return await source(file);
    } catch (error) {
      if (error instanceof AttnError && error.code === 'FILE_NOT_FOUND') return undefined;
      throw error;
    }
  };
  const name = base ?? 'the given URLs';
  return {
    name,
    has: async (file) => (isFolder ? (await sourceIfThere(file)) !== undefined : urlOf(file) !== undefined),
    bytes: async (file, limit) => {
      const found = await sourceIfThere(file);
      if (found === undefined) return undefined;
      if (found.size > limit) throw tooLong(name, file, limit);
      return found.read(0, found.size);
    },
    tensors: async (file) => ({ ...(await openSafetensors(await source(file))), close: async () => {} }),
  };
}

function checkUrl(url: unknown): string {
  if (typeof url === 'string' || url instanceof URL) return String(url);
  throw notUrl(url);
}

function notUrl(got: unknown): AttnError {
  const message = `the source must be a URL, or an object of URLs by the names of files, got ${show(got)}`;
  return new AttnError('INVALID_ARGUMENT', WHERE, message);
}
