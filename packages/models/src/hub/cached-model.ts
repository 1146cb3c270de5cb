/** A model in the cache, on every host. */

/** A model in the cache. */
export interface CachedModel {
  readonly id: string;
  /** The branches and tags that are in the cache, and commits that have no such name. */
  readonly revisions: readonly string[];
  /** Bytes on disk. */
  readonly bytes: number;
  /** When a file of it was last read, as far as the host notes that. */
  readonly lastUsed?: Date;
}
