/** A store in `localStorage`: the same for all pages of one origin. */
import type { CalibrationStore } from './calibration-store.ts';
import { readEntries, withEntry } from './entries.ts';
import { host } from './host.ts';

/** The item that holds all entries. */
const ITEM = '@attn measured';

/** The store, or undefined in workers, in sandboxed pages, and outside of browsers. */
export function pageStore(): CalibrationStore | undefined {
  // Node has one, too, but warns when it is touched.
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
