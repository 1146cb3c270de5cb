/** Conditions on documents, as SQL. */
import type { JsonObject } from '@attn/core';
import picomatch from 'picomatch';
import { metadataText, storable } from '../document.ts';

/** Which documents a search looks at. */
export interface SearchFilter {
  /** Documents whose paths begin with this, or fit it if it is a glob. */
  readonly path?: string;
  /** Documents that have these fields of metadata, with these values. */
  readonly metadata?: JsonObject;
}

/** A condition, and the values that it refers to, the first of which has the number `first`. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** The condition of a filter on the table `documents`; undefined where it is none. */
export function conditionOf({ path, metadata }: SearchFilter, first: number): Condition | undefined {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (sql: (place: string) => string, value: unknown): void => {
    parts.push(sql(`$${first + values.length}`));
    values.push(value);
  };
  if (path !== undefined) {
    if (picomatch.scan(path).isGlob) add((place) => `documents.path ~ ${place}`, globPattern(path));
    else add((place) => `starts_with(documents.path, ${place})`, storable(path));
  }
  if (metadata !== undefined) add((place) => `documents.metadata @> ${place}::jsonb`, metadataText(metadata));
  return parts.length === 0 ? undefined : { sql: parts.join(' AND '), values };
}

/** A glob as a regular expression that JavaScript and PostgreSQL read alike. */
function globPattern(glob: string): string {
  return picomatch.makeRe(storable(glob), { dot: true }).source;
}
