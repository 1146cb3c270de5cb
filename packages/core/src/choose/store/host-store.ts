/** The store of measurements that the host offers. */
import type { CalibrationStore } from './calibration-store.ts';
import { fileStore } from './file-store.ts';
import { pageStore } from './page-store.ts';

/**
 * The store of this host: in Node and Bun a file in the user's cache folder, in pages `localStorage`;
 * undefined elsewhere. Both hold a few hundred entries.
 */
export function hostStore(): CalibrationStore | undefined {
  return fileStore() ?? pageStore();
}
