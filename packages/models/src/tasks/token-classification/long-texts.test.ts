/** `token-classification` over texts that are longer than the model or the cut of its files. */
import type { Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pipeline } from '../../node.ts';
import { attnOn, taskFolders } from '../golden-tasks.testing.ts';
import type { Pipeline } from '../pipeline.ts';
import { softmax } from '../../encode/scores.ts';
import { placeOfLargest } from './label-scores.ts';

const folders = taskFolders('token-classification');
const folder = (name: string) => folders.find((each) => each.name === name)!.path;

const SENTENCE = 'Captain Ahab nailed a doubloon to the mast of the Pequod, said José 🐳 in Nantucket. ';

let attn: Attn;
beforeAll(async () => {
  attn = await attnOn('cpu');
});
afterAll(() => attn.dispose());

describe('in windows', () => {
  const [maxLength, overlap] = [40, 10];
  const text = SENTENCE.repeat(9);
  let classify: Pipeline<'token-classification'>;
  beforeAll(async () => {
    classify = await pipeline('token-classification', folder('ner-bert'), { attn });
  });

  /** The probabilities of each token, out of the window in which it is farthest from the ends. */
  async function deepest(): Promise<readonly { readonly place: number; readonly scores: Float64Array }[]> {
    const { ids } = classify.model.tokenizer!.encode(text);
    const [room, end] = [maxLength - 2, ids.length - 1];
    const starts = [1];
    while (starts[starts.length - 1] + room < end) starts.push(starts[starts.length - 1] + room - overlap);
    const best = new Map<number, { readonly depth: number; readonly scores: Float64Array }>();
    for (const start of starts) {
      const content = ids.slice(start, Math.min(start + room, end));
      const row = [ids[0], ...content, ids[end]];
      const { logits } = await classify.model.run({ inputIds: [row] }, { backend: 'cpu' });
      const count = logits.shape[2];
      content.forEach((_, i) => {
        // The text's own ends are no edges of a window.
        const before = start === 1 ? Infinity : i;
        const after = start + content.length === end ? Infinity : content.length - 1 - i;
        const depth = Math.min(before, after);
        const scores = softmax(logits.data.subarray((i + 1) * count, (i + 2) * count) as Float32Array);
        if (depth > (best.get(start + i)?.depth ?? -1)) best.set(start + i, { depth, scores });
      });
    }
    expect(starts.length).toBeGreaterThan(5);
    return [...best].map(([place, { scores }]) => ({ place, scores }));
  }

  test('a token has the label of the window in which it stands deepest', async () => {
    const expected = await deepest();
    const tokens = await classify(text, {
      maxLength,
      overlap,
      ignore_labels: [],
      aggregation_strategy: 'none',
    });
    expect(tokens.map(({ index }) => index)).toEqual(expected.map(({ place }) => place));
    const labels = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC', 'B-SHIP', 'I-SHIP'];
    expected.forEach(({ scores }, i) => {
      const label = placeOfLargest(scores);
      expect(tokens[i].entity).toBe(labels[label]);
      expect(tokens[i].score).toBeCloseTo(scores[label], 5);
    });
  });

  test('entities are made of the whole text: none is cut at a seam, none stands twice', async () => {
    let overSeams = 0;
    for (const begin of ['', 'The ', 'The whale ', 'The white whale swam ']) {
      const options = { maxLength, overlap, ignore_labels: [] };
      const tokens = await classify(begin + text, { ...options, aggregation_strategy: 'none' });
      const groups = await classify(begin + text, { ...options, aggregation_strategy: 'simple' });
      const byHand: { type: string; start: number; end: number }[] = [];
      for (const { entity, start, end } of tokens) {
        const [tag, type] = entity === 'O' ? ['I', 'O'] : entity.split('-');
        const last = byHand.at(-1);
        if (last?.type === type && tag !== 'B') last.end = end;
        else byHand.push({ type, start, end });
      }
      expect(groups.map(({ entity_group: type, start, end }) => ({ type, start, end }))).toEqual(byHand);
      // From this token on, the next window counts.
      for (let seam = 33; seam < tokens.length - 10; seam += maxLength - 2 - overlap) {
        const { start: at } = tokens[seam];
        overSeams += groups.filter(({ start, end }) => start < at && at < end).length;
      }
    }
    expect(overSeams).toBeGreaterThan(0);
  });

  test.each(['first', 'average', 'max'] as const)('%s: each word is in one group', async (strategy) => {
    const groups = await classify(text, {
      maxLength,
      overlap,
      ignore_labels: [],
      aggregation_strategy: strategy,
    });
    groups.forEach(({ start }, i) => expect(start).toBeGreaterThanOrEqual(groups[i - 1]?.end ?? 0));
    expect(groups.at(-1)?.end).toBe(text.trimEnd().length);
  });

  test('many long texts together are read as each by itself', async () => {
    const texts = [text, SENTENCE, '', text.slice(40), 'Ahab'];
    const options = { maxLength, overlap, aggregation_strategy: 'simple' } as const;
    const answers = await classify(texts, options);
    expect(answers[2]).toEqual([]);
    for (const [i, own] of answers.entries()) {
      const alone = await classify(texts[i], options);
      expect(own.map(({ score, ...rest }) => rest)).toEqual(alone.map(({ score, ...rest }) => rest));
      own.forEach(({ score }, k) => expect(score).toBeCloseTo(alone[k].score, 5));
    }
  });

  test('lists of words are read in windows, too', async () => {
    const words = text.trim().split(' ');
    const options = { maxLength, overlap, ignore_labels: [], is_split_into_words: true } as const;
    const tokens = await classify(words, { ...options, aggregation_strategy: 'none' });
    const whole = await classify(text.trim(), {
      ...options,
      is_split_into_words: false,
      aggregation_strategy: 'none',
    });
    // Words of this text are tokenized alike, alone or not.
    expect(tokens).toEqual(whole);
    expect(await classify([words, [], ['Ahab']], options)).toHaveLength(3);
  });
});

test('a text that the model can take is one window, longer than the cut', async () => {
  const classify = await pipeline('ner', folder('ner-longformer'), { attn });
  const text = SENTENCE.repeat(4);
  let windows = 0;
  const tokens = await classify(text, {
    ignore_labels: [],
    onProgress: ({ total, unit }) => void (windows = unit === 'windows' ? total : windows),
  });
  expect(windows).toBe(1);
  expect(tokens.length).toBeGreaterThan(96);
  const cut = await classify(text, { ignore_labels: [], truncation: true });
  expect(cut).toHaveLength(94);
});

test.each(folders)('$name: slices of the text at the places of tokens', async ({ path }) => {
  const classify = await pipeline('ner', path, { attn });
  const text = 'José\u0301 👩‍👩‍👧 Zürich 🐳🐋 e\u0301a\u0300 naïve 鯨 \u{1d49c}hab. Ahab 😀Pequod';
  for (const strategy of ['none', 'simple', 'first'] as const) {
    const all = await classify(text, { ignore_labels: [], aggregation_strategy: strategy });
    expect(all.length).toBeGreaterThan(1);
    for (const { start, end } of all) {
      expect(start).toBeLessThanOrEqual(end);
      // No half of a surrogate pair at either end.
      for (const place of [start, end]) expect(text.slice(place)).not.toMatch(/^[\uDC00-\uDFFF]/);
    }
    expect(all.at(-1)?.end).toBe(text.length);
  }
});
