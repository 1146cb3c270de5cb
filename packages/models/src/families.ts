/** The families that `loadModel` tries, one line each. Applications may pass a list of their own. */
import { bertFamily } from './bert/index.ts';
import { jinaFamily } from './jina/index.ts';
import { linformerFamily } from './linformer/index.ts';
import { longformerFamily } from './longformer/index.ts';
import type { ModelFamily } from './model.ts';
import { nomicFamily } from './nomic/index.ts';
import { modernBertFamily } from './modernbert/index.ts';
import { gemmaEmbeddingFamily } from './gemma/index.ts';
import { qwen3Family } from './qwen3/index.ts';
import { reformerFamily } from './reformer/index.ts';

/** All families of this package. */
export const FAMILIES: readonly ModelFamily[] = [
  longformerFamily,
  reformerFamily,
  linformerFamily,
  bertFamily,
  nomicFamily,
  jinaFamily,
  modernBertFamily,
  gemmaEmbeddingFamily,
  qwen3Family,
];
