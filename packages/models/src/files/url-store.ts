/**
 * Files on a web server: one URL for each, or one URL under which all lie. Small files are fetched whole;
 * tensors are read by range requests.
 */
import {
  httpBytes,
  httpSource,
  mistakenFile,
  type HttpOptions,
  type SafetensorsSource,
} from '@attn/safetensors';
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
import { malformedFile, type FileStore } from './file-store.ts';
import { openTensors } from './tensor-file.ts';
import { kindOf } from '../kind-of.ts';

/** URLs by file name: `{ 'config.json': …, 'model.safetensors': … }`. */
export type UrlMap = Readonly<Record<string, string | URL>>;

const WHERE = 'models/load';

/** What `fetch` reads on every host. */
const PROTOCOLS = ['https:', 'http:', 'blob:', 'data:'];

/** First bytes of a file of tensors that show whether a web page came in its place. */
const HEAD_BYTES = 64;

/** Kinds of the options of requests. */
export const HTTP_OPTIONS: OptionKinds<HttpOptions> = {
  fetch: aFunction,
  headers: anObject,
  signal: aSignal,
  attempts: integer(1),
  idleTimeout: integer(1),
  longestPause: integer(0),
  onWarning: aFunction,
};

/**
 * The files on a web server, for `loadFrom` and `openCheckpoint`: one URL for each file, or one URL under
 * which all lie; its query, such as a signature, is sent with every file. On a page URLs may be relative.
 * A file counts as absent where the server answers with 403, 404 or 410, or with a web page. Errors:
 * `INVALID_ARGUMENT`.
 *
 * @example
 * const checkpoint = await openCheckpoint(urlStore('https://example.org/longformer/'));
 */
export function urlStore(urls: UrlMap | string | URL, options: HttpOptions = {}): FileStore {
  const http = checkOptions(WHERE, options, HTTP_OPTIONS);
  if (isUrl(urls)) {
    const base = baseOf(urls);
    return requestStore(base.href, (file) => fileUnder(base, file), http);
  }
  const byFile = readUrls(urls);
  return requestStore('the given URLs', (file) => byFile.get(file), http);
}

/** A store of files by requests. `urlOf` returns undefined for files that there are not. */
export function requestStore(
  name: string,
  urlOf: (file: string) => string | undefined,
  http: HttpOptions,
): FileStore {
  /** Why files are absent. */
  const absences = new Map<string, string>();
  const sources = new Map<string, Promise<SafetensorsSource>>();
  /** What `read` returns; undefined for a file that is not there. */
  const ifThere = async <T>(file: string, read: (url: string) => Promise<T>): Promise<T | undefined> => {
    const url = urlOf(file);
    if (url === undefined) return undefined;
    try {
      return await read(url);
    } catch (error) {
      if (!(error instanceof AttnError) || error.code !== 'FILE_NOT_FOUND') throw error;
      absences.set(file, error.sentence);
      return undefined;
    }
  };
  /** Opened once: a server without ranges sends all of it. */
  const sourceOf = (file: string, url: string): Promise<SafetensorsSource> => {
    const opening = sources.get(file) ?? openPage(url, http);
    sources.set(file, opening);
    opening.catch(() => sources.delete(file));
    return opening;
  };
  const store: FileStore = {
    name,
    has: async (file) => (await ifThere(file, (url) => sourceOf(file, url))) !== undefined,
    bytes: (file, limit) =>
      ifThere(file, async (url) => {
        const bytes = await httpBytes(url, limit, http);
        const mistaken = mistakenFile(bytes);
        if (mistaken === 'a web page') throw pageError(url);
        if (mistaken === undefined) return bytes;
        throw malformedFile(store, file, `is ${mistaken}`);
      }),
    tensors: async (file) => {
      const source = await ifThere(file, (url) => sourceOf(file, url));
      if (source !== undefined) return openTensors(file, source);
      const reason = absences.get(file) ?? `no URL is given for ${file}`;
      throw new AttnError('FILE_NOT_FOUND', WHERE, reason);
    },
    whyAbsent: (file) => absences.get(file),
  };
  return store;
}

/** The source of a file of tensors. Errors: `FILE_NOT_FOUND`, also for a web page; those of `httpSource`. */
async function openPage(url: string, http: HttpOptions): Promise<SafetensorsSource> {
  const source = await httpSource(url, http);
  const head = await source.read(0, Math.min(source.size, HEAD_BYTES));
  if (mistakenFile(head) === 'a web page') throw pageError(url);
  const read = async (offset: number, length: number): Promise<Uint8Array> =>
    offset + length <= head.length ? head.slice(offset, offset + length) : source.read(offset, length);
  return { ...source, read };
}

/** Single-page applications answer with their page where there is no file. */
function pageError(url: string): AttnError {
  return new AttnError('FILE_NOT_FOUND', WHERE, `${url} is a web page, not the file`);
}

/** The URL under which files lie. Errors: `INVALID_ARGUMENT`. */
function baseOf(url: string | URL): URL {
  const base = absolute(url);
  if (base === undefined) throw notUrl(url);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  base.hash = '';
  return base;
}

function fileUnder(base: URL, file: string): string {
  const url = new URL(file, base);
  url.search = base.search;
  return url.href;
}

/** URLs by the names of files. Errors: `INVALID_ARGUMENT`. */
function readUrls(urls: unknown): ReadonlyMap<string, string> {
  const byFile = new Map<string, string>();
  try {
    const entries = kindOf(urls) === 'Object' ? Object.entries(urls as object) : [];
    for (const [file, value] of entries) {
      const url = isUrl(value) ? absolute(value) : undefined;
      if (url !== undefined) byFile.set(file, url.href);
    }
    if (byFile.size > 0 && byFile.size === entries.length) return byFile;
  } catch {
    // An object that cannot be read has no URLs.
  }
  throw notUrl(urls);
}

/** A URL of the web. Relative ones are those of the page, or of the worker's script. */
function absolute(text: string | URL): URL | undefined {
  const { document, location } = globalThis as {
    readonly document?: { readonly baseURI?: string };
    readonly location?: { readonly href?: string };
  };
  const base = document?.baseURI ?? location?.href;
  const url = URL.canParse(String(text), base) ? new URL(String(text), base) : undefined;
  return url !== undefined && PROTOCOLS.includes(url.protocol) ? url : undefined;
}

function isUrl(value: unknown): value is string | URL {
  return typeof value === 'string' || kindOf(value) === 'URL';
}

function notUrl(got: unknown): AttnError {
  const message = `the source must be an http(s) URL, or an object of such URLs by the names of files, got ${show(got)}`;
  return new AttnError('INVALID_ARGUMENT', WHERE, message);
}
