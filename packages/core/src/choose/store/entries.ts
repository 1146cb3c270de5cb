/** The text that a store keeps: entries by key, the newest last, with the version of the format. */
import type { Json } from '../../util/json-value.ts';

/** Raised when the meaning of the text changes: text of other versions then counts as empty. */
const FORMAT = 1;

/** How many entries are kept. */
const MOST = 256;

/** Entries by key. */
export type Entries = ReadonlyMap<string, Json>;

/** Reads text that `withEntry` wrote; any other text has no entries. */
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

/** The text of the entries and one more. The oldest leave when there are too many. */
export function withEntry(entries: Entries, key: string, value: Json): string {
  const all = [...[...entries].filter(([other]) => other !== key), [key, value] as const];
  return JSON.stringify({ format: FORMAT, entries: Object.fromEntries(all.slice(-MOST)) });
}
