/** `file:` URLs, for Node. */
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { kindOf } from '../kind-of.ts';
import type { FileStore } from './file-store.ts';
import { folderStore } from './folder-store.ts';
import type { UrlMap } from './url-store.ts';

const WHERE = 'models/load';

/** Files at URLs by name, of which some may be `file:` URLs; `onWeb` opens the others. */
export function filesAt(
  source: string | URL | UrlMap,
  onWeb: (source: string | URL | UrlMap) => FileStore,
): FileStore {
  const entries = entriesOf(source);
  const onDisk = new Map(
    entries
      .filter(([, url]) => isFileUrl(String(url)))
      .map(([file, url]) => [file, pathOfUrl(String(url))] as const),
  );
  if (onDisk.size === 0) return onWeb(source);
  const rest = entries.filter(([file]) => !onDisk.has(file));
  const web = rest.length > 0 ? onWeb(Object.fromEntries(rest)) : undefined;
  const name = 'the given URLs';
  const find = (file: string): { readonly store: FileStore; readonly file: string } | undefined => {
    const path = onDisk.get(file);
    if (path !== undefined) return { store: folderStore(dirname(path), name), file: basename(path) };
    return web && { store: web, file };
  };
  return {
    name,
    has: async (file) => {
      const place = find(file);
      return place !== undefined && place.store.has(place.file);
    },
    bytes: async (file, limit) => {
      const place = find(file);
      return place?.store.bytes(place.file, limit);
    },
    tensors: async (file) => {
      const place = find(file);
      if (place !== undefined) return place.store.tensors(place.file);
      throw new AttnError('FILE_NOT_FOUND', WHERE, `no URL is given for ${file}`);
    },
    whyAbsent: (file) => web?.whyAbsent?.(file),
  };
}

/** The URLs by file name; none where the source is no list of them. */
function entriesOf(source: unknown): readonly (readonly [string, string | URL])[] {
  try {
    return kindOf(source) === 'Object' ? Object.entries(source as UrlMap) : [];
  } catch {
    return [];
  }
}

/** True for the text of a `file:` URL. */
export function isFileUrl(text: string): boolean {
  return /^file:/i.test(text);
}

/** The path of a `file:` URL. Errors: `INVALID_ARGUMENT` for one of another host. */
export function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttnError('INVALID_ARGUMENT', WHERE, `${show(url)} names no file: ${reason}`, { cause });
  }
}
