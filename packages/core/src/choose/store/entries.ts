/** The text that a store of text keeps: entries by key, the newest last, under a version of the format. */
import type { Json } from '../../util/json-value.ts';

/** Raised when the meaning of the text changes; what older versions wrote is then not read. */
const FORMAT = 1;

/** How many entries are kept. */
const MOST = 256;

/** Entries by key. */
export type Entries = ReadonlyMap<string, Json>;

/** Reads text that `writeEntries` made; anything else holds nothing. */
export function readEntries(text: string | null | undefined): Map<string, Json> {
  try {
    const { format, entries } = JSON.parse(text ?? 'null') as {
      readonly format?: unknown;
      readonly entries?: Json;
    };
    if (format !== FORMAT || typeof entries !== 'object' || entries === null || Array.isArray(entries)) {
      return new Map();
    }
    return new Map(Object.entries(entries as Readonly<Record<string, Json>>));
  } catch {
    return new Map();
  }
}

/** Text with one entry more; the oldest ones leave when there are too many. */
export function withEntry(entries: Entries, key: string, value: Json): string {
  const all = [...[...entries].filter(([other]) => other !== key), [key, value] as const];
  return JSON.stringify({ format: FORMAT, entries: Object.fromEntries(all.slice(-MOST)) });
}
