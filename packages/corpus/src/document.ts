/** Documents as they enter a corpus. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '@attn/core';
import type { DocumentFormat } from './read/formats.ts';

/** A document to index. */
export interface CorpusDocument {
  /** Its name in the corpus, such as the path of its file. A document replaces that of the same name. */
  readonly path: string;
  /** Its source, or what reads it: it is only called when `size` or `modified` have changed. */
  readonly text: string | (() => Promise<string>);
  /** What the source is written in. Default `text`. */
  readonly format?: DocumentFormat;
  /** Facts that searches can filter by. */
  readonly metadata?: JsonObject;
  /** What it is part of, such as a folder; `index` removes documents of its `roots` that are gone. */
  readonly root?: string;
  /** Bytes of its file. */
  readonly size?: number;
  /** When its file was modified, in milliseconds since 1970. */
  readonly modified?: number;
}

/** A hash of all that the passages of a document depend on. */
export function hashOf(format: string, body: string, metadata: string): string {
  return createHash('sha256')
    .update(JSON.stringify([format, body, metadata]))
    .digest('hex');
}

/** A text that PostgreSQL stores: without the character 0 and half pairs. Places stay. */
export function storable(text: string): string {
  return text.replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD');
}

/** Metadata as JSON with sorted names, that PostgreSQL stores. */
export function metadataText(metadata: JsonObject = {}): string {
  return JSON.stringify(metadata, (_key, value: unknown) => {
    if (typeof value === 'string') return storable(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
