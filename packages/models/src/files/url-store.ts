/**
 * Files on a web server: one URL for each, or one URL under which all
 * lie. Tensors are read by range requests.
 */
import { httpSource, type HttpOptions } from '@attn/safetensors';
import { AttnError } from '@attn/core';
import {
  aFunction,
  anObject,
  aSignal,
  checkOptions,
  integer,
  show,
  type OptionKinds,
} from '@attn/core/backend';
import { tooLongError, type FileStore } from './file-store.ts';
import { openTensors } from './tensor-file.ts';
import { kindOf } from '../kind-of.ts';

/** URLs by file name: `{ 'config.json': …, 'model.safetensors': … }`. */
export type UrlMap = Readonly<Record<string, string | URL>>;

const WHERE = 'models/load';

/** Kinds of the options of requests. */
export const HTTP_OPTIONS: OptionKinds<HttpOptions> = {
  fetch: aFunction,
  headers: anObject,
  signal: aSignal,
  attempts: integer(1),
  idleTimeout: integer(1),
  onWarning: aFunction,
};

/**
 * The files on a web server, for `loadFrom` and `openCheckpoint`: one URL for
 * each file, or one URL under which all lie. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * const checkpoint = await openCheckpoint(urlStore('https://example.org/longformer/'));
 */
export function urlStore(urls: UrlMap | string | URL, options: HttpOptions = {}): FileStore {
  const http = checkOptions(WHERE, options, HTTP_OPTIONS);
  const base = isUrl(urls) ? baseOf(urls) : undefined;
  const byFile = base === undefined ? readUrls(urls) : new Map<string, string>();
  const urlOf = (file: string): string | undefined =>
    base === undefined ? byFile.get(file) : new URL(file, base).href;
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
    has: async (file) =>
      byFile.has(file) || (base !== undefined && (await sourceIfThere(file)) !== undefined),
    bytes: async (file, limit) => {
      const content = await sourceIfThere(file);
      if (content === undefined) return undefined;
      if (content.size > limit) throw tooLongError(name, file, limit);
      return content.read(0, content.size);
    },
    tensors: async (file) => openTensors(file, await source(file)),
  };
}

/** The URL under which files lie. Errors: `INVALID_ARGUMENT`. */
function baseOf(url: string | URL): string {
  const base = String(url).replace(/\/*$/, '/');
  if (URL.canParse(base)) return base;
  throw notUrl(url);
}

/** URLs by the names of files. Errors: `INVALID_ARGUMENT`. */
function readUrls(urls: unknown): ReadonlyMap<string, string> {
  const byFile = new Map<string, string>();
  try {
    const entries = kindOf(urls) === 'Object' ? Object.entries(urls as object) : [];
    for (const [file, url] of entries) if (isUrl(url)) byFile.set(file, String(url));
    if (byFile.size > 0 && byFile.size === entries.length) return byFile;
  } catch {
    // An object that cannot be read has no URLs.
  }
  throw notUrl(urls);
}

function isUrl(value: unknown): value is string | URL {
  return typeof value === 'string' || kindOf(value) === 'URL';
}

function notUrl(got: unknown): AttnError {
  const message = `the source must be a URL, or an object of URLs by the names of files, got ${show(got)}`;
  return new AttnError('INVALID_ARGUMENT', WHERE, message);
}
