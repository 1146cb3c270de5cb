/**
 * A store remembers what was measured once: rates of backends, times of graphs. It keeps JSON by key, and may
 * forget anything at any time. An unreadable store counts as empty.
 */
import { debug } from '../../util/debug.ts';
import type { Json } from '../../util/json-value.ts';

/** Keeps JSON by key. Several `Attn`s, processes and pages may share a store. */
export interface CalibrationStore {
  /** The value of a key; undefined if there is none. */
  get(key: string): Json | undefined | Promise<Json | undefined>;
  /** Keeps a value, in place of an earlier one. */
  set(key: string, value: Json): void | Promise<void>;
}

/** Wraps a store so that it never throws: errors are undefined on reading, and ignored on writing. */
export function withoutErrors(store: CalibrationStore): CalibrationStore {
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
