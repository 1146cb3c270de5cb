/**
 * What was measured once is remembered: rates of backends, times of graphs. A store keeps JSON by key; where
 * it lies depends on the host. It may forget anything at any time, and one that cannot be read or written is
 * as none.
 */
import { debug } from '../../util/debug.ts';
import type { Json } from '../../util/json-value.ts';
import { fileStore } from './file-store.ts';
import { pageStore } from './page-store.ts';

/** JSON by key. May be shared by several `Attn`s, processes and pages. */
export interface CalibrationStore {
  get(key: string): Json | undefined | Promise<Json | undefined>;
  set(key: string, value: Json): void | Promise<void>;
}

/**
 * The store of this host: in Node and Bun a file in the user's cache folder, in pages `localStorage`;
 * undefined elsewhere. Both hold a few hundred entries.
 */
export function hostStore(): CalibrationStore | undefined {
  return fileStore() ?? pageStore();
}

/** A store that never fails: an error on reading is nothing found, one on writing is nothing kept. */
export function forgiving(store: CalibrationStore): CalibrationStore {
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      debug(1, () => `the cache of measurements does not work: ${String(error)}`);
      return undefined;
    }
  };
  return {
    get: (key) => attempt(() => store.get(key)),
    set: async (key, value) => void (await attempt(() => store.set(key, value))),
  };
}
