/**
 * A published model, all-MiniLM-L6-v2: its states, and embeddings of texts in many languages and forms. It is
 * too large for this repository: the folder that `ATTN_GOLDENS` names may have it, as `minilm`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAttn, type Attn } from '@attn/core';
import { onnx } from '@attn/onnx/node';
import { parseSafetensors } from '@attn/safetensors';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderStore } from '../files/folder-store.ts';
import { loadFrom } from '../load.ts';
import type { Encoder } from '../loaded/encoder.ts';
import { bertFamily } from './index.ts';

const root = join(process.env.ATTN_GOLDENS ?? '', 'minilm');
const isThere = Boolean(process.env.ATTN_GOLDENS) && existsSync(root);

interface Sentence {
  readonly text: string;
  readonly ids: readonly number[];
}

/** Declares the tests of the published model, where it is there. */
export function testMiniLm(): void {
  if (!isThere) return;
  describe('all-MiniLM-L6-v2', () => {
    let attn: Attn;
    let model: Encoder;
    let sentences: readonly Sentence[];
    beforeAll(async () => {
      attn = await createAttn({ backends: [wasm(), onnx()] });
      model = await loadFrom(folderStore(join(root, 'model')), {
        attn,
        families: [bertFamily],
        for: 'encode',
      });
      sentences = (
        JSON.parse(readFileSync(join(root, 'sentences.json'), 'utf8')) as {
          readonly sentences: readonly Sentence[];
        }
      ).sentences;
    });
    afterAll(async () => {
      model.dispose();
      await attn.dispose();
    });

    const tensors = (file: string) => parseSafetensors(readFileSync(join(root, file))).tensors;
    const worst = (got: ArrayLike<number>, expected: ArrayLike<unknown>): number => {
      expect(got.length).toBe(expected.length);
      return Array.from(got).reduce(
        (most, value, i) => Math.max(most, Math.abs(value - Number(expected[i]))),
        0,
      );
    };

    describe.each(['wasm', 'onnx'])('on %s', (backend) => {
      test('states of tokens', async () => {
        const expected = tensors('states.safetensors');
        const differences: number[] = [];
        for (const [k, row] of Array.from(expected.get('aux.rows')?.data ?? [], Number).entries()) {
          const { last_hidden_state: states } = await model.run(
            { inputIds: [[...sentences[row].ids]] },
            { backend },
          );
          differences.push(
            worst(states.data as Float32Array, expected.get(`out.last_hidden_state.${k}`)?.data ?? []),
          );
        }
        expect(differences).toHaveLength(5);
        expect(Math.max(...differences)).toBeLessThan(2e-5);
      });
      test('embeddings of tokens: the mean, scaled to length 1', async () => {
        const expected = tensors('sentences.safetensors').get('out.embeddings')?.data ?? [];
        const ids = sentences.map((sentence) => [...sentence.ids]);
        const { embeddings } = await model.encode(ids, { backend, pooling: 'mean', normalize: true });
        const difference = worst(embeddings.data, expected);
        expect(difference).toBeLessThan(1e-5);
      });
    });
  });
}
