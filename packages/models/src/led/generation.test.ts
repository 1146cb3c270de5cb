// The texts that an LED writes are those of the original, with the options of its files: greedy and with
// beams. The models of these goldens are large for this repository: `ATTN_GOLDENS` brings them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSearchGolden, searchCases } from '../generate/goldens.testing.ts';
import { loadModel } from '../node.ts';
import { attnOn, TASK_BACKENDS } from '../tasks/golden-tasks.testing.ts';
import { tensorsOf, type GoldenCase } from '../testing/golden-sets.testing.ts';

const cases = searchCases().filter(({ folder }) => existsSync(join(folder, 'model.safetensors')));

test('models are there where they are asked for', () => {
  expect(cases.length > 0).toBe(process.env.ATTN_GOLDENS !== undefined);
});

/** The tokens of each row without padding, and the positions of its global ones. */
async function rowsOf(
  golden: GoldenCase,
): Promise<readonly { readonly ids: readonly number[]; readonly globalTokens: readonly number[] }[]> {
  const tensors = await tensorsOf(golden);
  const rows = (name: string): readonly (readonly number[])[] => {
    const tensor = tensors.get(`in.${name}`);
    if (tensor === undefined) return [];
    const [count, length] = tensor.shape;
    const all = Array.from(tensor.data);
    return Array.from({ length: count }, (_, row) => all.slice(row * length, (row + 1) * length));
  };
  const [masks, globals] = [rows('attention_mask'), rows('global_attention_mask')];
  return rows('input_ids').map((ids, row) => ({
    ids: ids.filter((_, at) => masks.at(row)?.[at] !== 0),
    globalTokens: globals[row].flatMap((isGlobal, at) => (isGlobal ? [at] : [])),
  }));
}

if (cases.length > 0) {
  describe.each(TASK_BACKENDS)('on %s', (backend) => {
    let attn: Attn;
    beforeAll(async () => {
      attn = await attnOn(backend);
    });
    afterAll(() => attn.dispose());

    test.each(cases)('$id', async (golden) => {
      const { sequences, scores, prompts, options, plan } = await readSearchGolden(golden);
      const model = await loadModel(golden.folder, { attn, for: 'generate' });
      const texts = await rowsOf(golden);
      for (const [i, { ids, globalTokens }] of texts.entries()) {
        const { sequences: got } = await model.generate(ids, { globalTokens });
        expect(got).toHaveLength(plan.returned);
        for (const [k, sequence] of got.entries()) {
          const row = i * plan.returned + k;
          const expected = sequences[row].slice(prompts[0].length);
          const padding = new Array<number>(expected.length - sequence.ids.length).fill(options.pad);
          expect([...sequence.ids, ...padding], `row ${row}`).toEqual(expected);
          if (scores)
            expect(Math.abs(Number(sequence.score) - scores[row])).toBeLessThan(golden.tolerance.atol);
        }
      }
    });
  });
}
