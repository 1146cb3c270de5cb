/** Files on a web server: by a list of URLs, or beside each other under one. Tensors are read by range requests. */
import { httpSource, openSafetensors, type HttpOptions } from '@attn/safetensors';
import { AttnError } from '@attn/core';
import { tooLong, type FileStore } from './file-store.ts';

/** URLs by file name: `{ 'config.json': …, 'model.safetensors': … }`. */
export type UrlMap = Readonly<Record<string, string | URL>>;

/** A store over URLs: one for each file, or one that ends before the files' names. */
export function urlStore(urls: UrlMap | string | URL, options: HttpOptions = {}): FileStore {
  const isFolder = typeof urls === 'string' || urls instanceof URL;
  const base = isFolder ? String(urls).replace(/\/*$/, '/') : undefined;
  const urlOf = (file: string): string | undefined => {
    if (isFolder) return new URL(file, base).href;
    return Object.hasOwn(urls, file) ? String(urls[file]) : undefined;
  };
  const source = async (file: string) => {
    const url = urlOf(file);
    if (url === undefined)
      throw new AttnError('FILE_NOT_FOUND', 'models/load', `no URL is given for ${file}`);
    return httpSource(url, options);
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
