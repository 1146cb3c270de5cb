/**
 * The models of this package that `loadModel` tries, one line each;
 * applications may pass a list of their own.
 */
import { linformerFamily } from './linformer/index.ts';
import { longformerFamily } from './longformer/index.ts';
import type { ModelFamily } from './model.ts';
import { reformerFamily } from './reformer/index.ts';

export const FAMILIES: readonly ModelFamily[] = [longformerFamily, reformerFamily, linformerFamily];
