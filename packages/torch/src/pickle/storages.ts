/** All storages that a pickle names. */
import { refusal } from '../errors.ts';
import type { StorageRef } from './values.ts';

/** Collects them by key. */
export class Storages {
  readonly byKey: Map<string, StorageRef> = new Map();

  /** Adds one. Errors: `MALFORMED_FILE` for a key of another dtype or number of elements. */
  add(storage: StorageRef): StorageRef {
    const { key, dtype, count } = storage;
    const first = this.byKey.get(key);
    if (first === undefined) this.byKey.set(key, storage);
    else if (first.dtype !== dtype || first.count !== count) {
      const [earlier, later] = [`${first.count} ${first.dtype}`, `${count} ${dtype}`];
      throw refusal('tensor', `storage ${key} is said to hold ${earlier} and ${later}`);
    }
    return storage;
  }
}
