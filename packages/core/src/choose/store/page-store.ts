/** A store in `localStorage`. All pages of an origin share it. */
import type { CalibrationStore } from './calibration-store.ts';
import { readEntries, withEntry } from './entries.ts';
import { host } from './host.ts';

/** The item that holds all entries. */
const ITEM = '@attn measured';

/** The store, or undefined in workers, in sandboxed pages, and outside of browsers. */
export function pageStore(): CalibrationStore | undefined {
  // Node has a `localStorage`, too, but warns at its use.
  if (host().process?.versions?.node !== undefined) return undefined;
  let storage: ReturnType<typeof host>['localStorage'];
  try {
    storage = host().localStorage; // Throws where the user forbids it.
  } catch {
    return undefined;
  }
  if (!storage) return undefined;
  const items = storage;
  return {
    get: (key) => readEntries(items.getItem(ITEM)).get(key),
    set: (key, value) => items.setItem(ITEM, withEntry(readEntries(items.getItem(ITEM)), key, value)),
  };
}
