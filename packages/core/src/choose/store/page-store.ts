/** A store in `localStorage`. All pages of an origin share it. */
import type { CalibrationStore } from './calibration-store.ts';
import { readEntries, withEntry } from './entries.ts';
import { runtime } from '../../util/runtime.ts';

/** The item that holds all entries. */
const ITEM = '@attn measured';

/** The store, or undefined in workers, in sandboxed pages, and outside of browsers. */
export function pageStore(): CalibrationStore | undefined {
  // Node has one, too, but warns when it is touched.
  if (runtime().process?.versions?.node !== undefined) return undefined;
  let storage: ReturnType<typeof runtime>['localStorage'];
  try {
    storage = runtime().localStorage; // Throws where the user forbids it.
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
