/**
 * The cache of a browser, in which models are kept: large files in parts, so that a broken download goes on
 * where it broke, and a tensor is read without the rest of its file. Each entry has the address of its file
 * on the hub, and says in its headers which model it belongs to.
 */
import { AttnError } from '@attn/core';
import { WHERE } from '../names.ts';

/** Name of the cache among those of an origin. */
const NAME = 'attn-models';

/** Bytes of a part. Only the last part of a file is shorter. */
export const PART_BYTES: number = 8 * 2 ** 20;

const ID_HEADER = 'X-Attn-Id';
const SIZE_HEADER = 'X-Attn-Size';

/** The error of a browser that gives no more room. */
export class CacheFullError extends AttnError {
  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_ARGUMENT', WHERE, message, options);
  }
}

/** An entry of the cache. */
export interface Entry {
  /** The model it belongs to. */
  readonly id: string;
  /** Its address: that of a file on the hub, with a query that says what of it. */
  readonly url: string;
  /** Its length in bytes. */
  readonly bytes: number;
}

/** Bytes that are kept for models. */
export class PartCache {
  private readonly cache: Cache;

  private constructor(cache: Cache) {
    this.cache = cache;
  }

  /** Opens the cache of this origin; undefined where there is none, as on pages that are not secure. */
  static async open(): Promise<PartCache | undefined> {
    try {
      // Deno has the interface, too. Some browsers have it and refuse to open it in private windows.
      return new PartCache(await globalThis.caches.open(NAME));
    } catch {
      return undefined;
    }
  }

  /** The bytes of an entry; undefined when there is none. */
  async get(url: string): Promise<Blob | undefined> {
    return (await this.cache.match(url))?.blob();
  }

  /** Errors: `CacheFullError`. */
  async put(id: string, url: string, content: BlobPart): Promise<void> {
    const blob = new Blob([content]);
    const headers = { [ID_HEADER]: id, [SIZE_HEADER]: String(blob.size) };
    try {
      await this.cache.put(url, new Response(blob, { headers }));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `the browser's cache cannot keep ${id}: ${reason}`;
      throw new CacheFullError(message, { cause });
    }
  }

  async delete(url: string): Promise<void> {
    await this.cache.delete(url);
  }

  /** How many parts of a file are here, from its start on. */
  async partCount(url: string): Promise<number> {
    const keys = await this.cache.keys(url, { ignoreSearch: true });
    const here = new Set(keys.map((key) => key.url));
    let count = 0;
    while (here.has(partUrl(url, count))) count++;
    return count;
  }

  /** All entries. */
  async entries(): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (const key of await this.cache.keys()) {
      const headers = (await this.cache.match(key))?.headers;
      const id = headers?.get(ID_HEADER);
      if (id) entries.push({ id, url: key.url, bytes: Number(headers?.get(SIZE_HEADER)) });
    }
    return entries;
  }
}

/** The address of a part of a file. */
export function partUrl(url: string, part: number): string {
  return `${url}?attn-part=${part}`;
}

/** How many parts a file of so many bytes has. An empty file has one, too. */
export function partsOf(size: number): number {
  return Math.max(1, Math.ceil(size / PART_BYTES));
}
