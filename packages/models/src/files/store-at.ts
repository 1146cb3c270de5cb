/** Opens the folders of a store again, in another thread. */
import { withWeights } from '../hub/copies.ts';
import type { FileStore, StorePlace } from './file-store.ts';
import { folderStore } from './folder-store.ts';

/** The store whose files are in these folders. */
export function storeAt({ name, folder, weights }: StorePlace): FileStore {
  const files = folderStore(folder, name);
  if (weights === undefined) return files;
  return withWeights(files, folderStore(weights.folder, name), weights.revision);
}
