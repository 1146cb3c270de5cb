/** What both formats come to: a pickle, and where the data of its storages lie. */
import type { StorageRef, Value } from './pickle/values.ts';

/** A range of a file. */
export interface FileRange {
  readonly offset: number;
  readonly byteLength: number;
}

/** A file whose pickle has been read. */
export interface Unpacked {
  /** What the pickle holds. */
  readonly value: Value;
  /**
   * The bytes of a storage, read now, and where they lie; what the file says of them there is checked.
   * Errors: `MALFORMED_FILE`, and those of the source.
   */
  read(storage: StorageRef): Promise<Uint8Array>;
  /**
   * Where the bytes of a storage lie; what the file says of them there is checked. Errors: as those of
   * `read`.
   */
  locate(storage: StorageRef): Promise<FileRange>;
}
