/** A store for tests. */
import type { Json } from '../../util/json-value.ts';
import type { CalibrationStore } from './calibration-store.ts';

/** A store in memory, whose entries a test can read. */
export function memoryStore(): CalibrationStore & { readonly entries: Map<string, Json> } {
  const entries = new Map<string, Json>();
  return { entries, get: (key) => entries.get(key), set: (key, value) => void entries.set(key, value) };
}
