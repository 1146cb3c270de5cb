// Qwen3-Reranker: the scores of the original, and long documents in windows within their prompt.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, describe, expect, test } from 'vitest';
import { pipeline } from '../../node.ts';
import { goldenCases, tensorsOf } from '../../testing/golden-sets.testing.ts';

interface Texts {
  readonly prefix: string;
  readonly suffix: string;
  readonly default_instruction: string;
  readonly pairs: readonly { instruction: string | null; query: string; document: string }[];
  readonly yes_id: number;
  readonly no_id: number;
}

const [golden] = goldenCases('today', 'text').filter(({ id }) => id === 'qwen3_reranker');
const texts = JSON.parse(await readFile(join(golden.folder, 'texts.json'), 'utf8')) as Texts;
const expected = Array.from((await tensorsOf(golden)).get('out.score')?.data ?? [], Number);
const attn = await createAttn({ backends: [cpu()] });
afterAll(() => attn.dispose());
const rank = await pipeline('text-ranking', golden.folder, { attn });
const idsOf = (text: string): readonly number[] => rank.model.tokenizer?.encode(text).ids ?? [];

/** The score of a prompt of these ids, by all logits of the language model. */
async function scoreOf(ids: readonly number[]): Promise<number> {
  const { logits } = await rank.model.run({ inputIds: [ids] });
  const last = logits.data.length - logits.shape[2];
  const [no, yes] = [texts.no_id, texts.yes_id].map((id) => Number(logits.data[last + id]));
  return 1 / (1 + Math.exp(no - yes));
}

test.each(texts.pairs.map((pair, i) => ({ ...pair, i })))(
  'the score of "$document"',
  async ({ instruction, query, document, i }) => {
    for (const truncation of [true, false]) {
      const options = { truncation, ...(instruction !== null && { instruction }) };
      const [{ score, ...rest }] = await rank(query, [document], options);
      expect(rest).toEqual({ corpus_id: 0 });
      expect(Math.abs(score - expected[i])).toBeLessThanOrEqual(golden.tolerance.atol);
    }
  },
);

test('several documents, padded, the best first', async () => {
  const [first, second] = texts.pairs;
  const results = await rank(first.query, [second.document, first.document, '']);
  const scores = new Map(results.map(({ corpus_id: id, score }) => [id, score]));
  expect(scores.get(1)).toBeCloseTo(expected[0], 4);
  expect(scores.get(0)).toBeCloseTo(expected[1], 4);
  expect(results.map(({ score }) => score)).toEqual([...scores.values()].toSorted((a, b) => b - a));
});

describe('a long document', () => {
  const query = 'Which planet is red?';
  const document = 'Mars is red 🔴 because of its rusty dust. A small library. '.repeat(12);
  const head = `<Instruct>: ${texts.default_instruction}\n<Query>: ${query}\n<Document>: `;
  const { ids, offsets } = rank.model.tokenizer!.encode(head + document);
  const first = offsets!.findIndex((span) => span![1] > head.length);
  const [before, behind] = [texts.prefix, texts.suffix].map(idsOf);

  test('each window has the whole prompt', async () => {
    const maxLength = before.length + first + 40 + behind.length;
    const content = ids.slice(first);
    const parts = Array.from({ length: Math.ceil(content.length / 40) }, (_, i) =>
      content.slice(i * 40, (i + 1) * 40),
    );
    const scores: number[] = [];
    for (const part of parts)
      scores.push(await scoreOf([...before, ...ids.slice(0, first), ...part, ...behind]));
    const [result] = await rank(query, [document], { maxLength, overlap: 0 });
    expect(parts.length).toBeGreaterThan(3);
    expect(result.windows).toBe(parts.length);
    const best = scores.indexOf(Math.max(...scores));
    expect(result.score).toBeCloseTo(scores[best], 5);
    const [start, end] = [best * 40, best * 40 + parts[best].length - 1].map(
      (place) => offsets![first + place]!,
    );
    expect([result.start, result.end]).toEqual([Math.max(start[0] - head.length, 0), end[1] - head.length]);
  });

  test('cut, it loses its end, and the prompt stays', async () => {
    const maxLength = before.length + first + 40 + behind.length;
    const [{ score, windows }] = await rank(query, [document], { maxLength, truncation: true });
    expect(windows).toBeUndefined();
    expect(score).toBeCloseTo(await scoreOf([...before, ...ids.slice(0, first + 40), ...behind]), 5);
  });

  test('the query leaves no room', async () => {
    await expect(rank(query, [document], { maxLength: before.length + 20 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('has no room beside the first text and special tokens of pair 0'),
    });
  });
});

describeFunctions([], {
  'wordModel of a language model': {
    call: (...[words]) => rank.model.network.wordModel?.(words),
    args: () => [[texts.no_id, texts.yes_id]],
  },
});
