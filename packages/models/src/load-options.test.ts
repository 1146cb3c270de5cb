// Options of loading are checked before anything is read.
import { describe, expect, test } from 'vitest';
import { loadModel } from './node.ts';

describe('options', () => {
  test.each<[object, string]>([
    [{ precision: 'f16' }, 'there is no option "precision"; did you mean revision?'],
    [
      { dtype: 'f64' },
      'dtype must be "auto", "f32", "f16", "bf16", "q8", "q4", or { linear, embeddings } of these, got "f64"',
    ],
    [
      { dtype: { linear: 'q8', heads: 'q8' } },
      'dtype must be "auto", "f32", "f16", "bf16", "q8", "q4", or { linear, embeddings } of these, got {',
    ],
    [{ activations: 'int4' }, 'activations must be "f32", "integer" or "int8", got "int4"'],
    [{ cache_folder: '.' }, 'did you mean cacheFolder?'],
    [{ onprogress: () => {} }, 'did you mean onProgress?'],
    [{ inMemory: 'yes' }, 'inMemory must be true or false, got "yes"'],
    [
      { families: [{}] },
      'families must be a list of at least one family of models, such as longformerFamily, got [{}]',
    ],
    [{ attn: {} }, 'attn must be an Attn, which createAttn makes, got {}'],
  ])('%o are refused before anything is read', async (options, message) => {
    const loading = loadModel('./no such folder', options);
    await expect(loading).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});
