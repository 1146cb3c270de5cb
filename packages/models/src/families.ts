/** The families that `loadModel` tries, one line each. Applications may pass a list of their own. */
import { linformerFamily } from './linformer/index.ts';
import { longformerFamily } from './longformer/index.ts';
import type { ModelFamily } from './model.ts';
import { privacyFilterFamily } from './privacy-filter/index.ts';
import { reformerFamily } from './reformer/index.ts';

/** All families of this package. */
export const FAMILIES: readonly ModelFamily[] = [
  longformerFamily,
  reformerFamily,
  linformerFamily,
  privacyFilterFamily,
];
