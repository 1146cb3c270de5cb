/**
 * The models of this package that `loadModel` tries, one line each;
 * applications may pass a list of their own.
 */
import { linformer } from './linformer/index.ts';
import { longformer } from './longformer/index.ts';
import type { ModelFamily } from './model.ts';
import { reformer } from './reformer/index.ts';

export const FAMILIES: readonly ModelFamily[] = [longformer, reformer, linformer];
