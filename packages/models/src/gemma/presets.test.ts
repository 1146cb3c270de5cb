// The presets have as many numbers as the published models.
import { sizeOf } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { qwen3Family } from '../qwen3/index.ts';
import { QWEN3_PRESETS } from '../qwen3/presets.ts';
import { gemmaEmbeddingFamily } from './index.ts';
import { GEMMA_EMBEDDING_PRESETS } from './presets.ts';

test.each([
  ['embeddinggemma-300m', gemmaEmbeddingFamily, GEMMA_EMBEDDING_PRESETS['embeddinggemma-300m'], 302_863_104],
  ['embeddinggemma-2', gemmaEmbeddingFamily, GEMMA_EMBEDDING_PRESETS['embeddinggemma-2'], 271_002_648],
  ['qwen3-embedding-0.6b', qwen3Family, QWEN3_PRESETS['qwen3-embedding-0.6b'], 595_776_512],
  ['qwen3-reranker-0.6b', qwen3Family, QWEN3_PRESETS['qwen3-reranker-0.6b'], 595_776_512],
])('%s', (_name, family, config, expected) => {
  const slots = new Map(
    family.slots({ config, has: () => true }).map(({ name, shape }) => [name, sizeOf(shape)]),
  );
  expect([...slots.values()].reduce((sum, size) => sum + size, 0)).toBe(expected);
});
