/** `token-classification` of a privacy filter: Viterbi over the whole text. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { f32, type Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadFrom, LoadedModel } from '../../index.ts';
import { folderStore } from '../../files/folder-store.ts';
import { companionsOf } from '../../hub/plan-files.ts';
import { loadModel, pipeline } from '../../node.ts';
import { PrivacyFilter } from '../../privacy-filter/index.ts';
import { readCalibration } from '../../spans/calibration.ts';
import { decodeSpans } from '../../spans/decode-spans.ts';
import { spansInText } from '../../spans/spans-in-text.ts';
import { viterbi } from '../../spans/viterbi.ts';
import { goldenFolder } from '../../testing/goldens.testing.ts';
import { attnOn } from '../golden-tasks.testing.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Entity } from './index.ts';

const folder = goldenFolder('today/text/privacy_filter');

interface GoldenSpan extends Readonly<Record<'kept', boolean>> {
  readonly label: string;
  readonly start_utf16: number;
  readonly end_utf16: number;
  readonly text: string;
}

const { texts } = JSON.parse(await readFile(join(folder, 'texts.json'), 'utf8')) as {
  readonly texts: readonly {
    readonly text: string;
    readonly spans: readonly GoldenSpan[];
    readonly spans_zero_bias: readonly GoldenSpan[];
  }[];
};

const calibration = JSON.parse(await readFile(join(folder, 'viterbi_calibration.json'), 'utf8'));

let attn: Attn;
let filter: Pipeline<'token-classification'>;
beforeAll(async () => {
  attn = await attnOn('cpu');
  filter = await pipeline('token-classification', folder, { attn });
});
afterAll(() => attn.dispose());

function expectSpans(got: readonly Entity[], spans: readonly GoldenSpan[]): void {
  const expected = spans
    .filter(({ kept }) => kept)
    .map(({ label, start_utf16: start, end_utf16: end, text }) => ({ label, start, end, text }));
  expect(got.map(({ entity_group: label, start, end, word: text }) => ({ label, start, end, text }))).toEqual(
    expected,
  );
  for (const { score } of got) expect(score > 0 && score <= 1).toBe(true);
}

describe.each(texts)('$text', ({ text, spans, spans_zero_bias: unbiased }) => {
  test('as its own tool finds them', async () => {
    expectSpans(await filter(text), spans);
    expectSpans(await filter(text, { aggregation_strategy: 'simple', operatingPoint: 'default' }), spans);
  });

  test('without a calibration', async () => {
    const { network, tokenizer, settings } = await loadModel(folder, { attn });
    const { calibration: _, ...others } = settings;
    const plain = await pipeline('ner', new LoadedModel(network, tokenizer, attn, undefined, others));
    expectSpans(await plain(text), unbiased);
  });

  test('by argmax, each token has its own label', async () => {
    const tokens = await filter(text, { decoding: 'argmax', ignore_labels: [] });
    const best = await filter(text, { aggregation_strategy: 'none', ignore_labels: [] });
    expect(best).toHaveLength(tokens.length);
    tokens.forEach(({ score }, i) => expect(score).toBeGreaterThanOrEqual(best[i].score));
    // What only the original's pipeline has is answered as it does.
    const first = await filter(text, { aggregation_strategy: 'first' });
    expect(first).toEqual(await filter(text, { aggregation_strategy: 'first', decoding: 'argmax' }));
  });
});

test('the path goes over the whole text, logits come from windows', async () => {
  const { network, tokenizer } = filter.model;
  if (!(network instanceof PrivacyFilter) || tokenizer === undefined) throw new Error('no privacy filter');
  const { labels } = network;
  const text = [...texts, ...texts].map((each) => each.text).join(' ');
  const { ids, offsets } = tokenizer.encode(text);
  const [maxLength, overlap] = [24, 8];
  expect(ids.length).toBeGreaterThan(4 * maxLength);
  const all = new Float32Array(ids.length * labels.length);
  for (let start = 0, isLast = false; !isLast; start += maxLength - overlap) {
    isLast = start + maxLength >= ids.length;
    const row = ids.slice(start, start + maxLength);
    const { logits } = await filter.model.run({ inputIds: [row] });
    const skipped = start === 0 ? 0 : overlap / 2;
    all.set(logits.data.subarray(skipped * labels.length) as Float32Array, (start + skipped) * labels.length);
  }
  const biases = readCalibration(calibration);
  const path = viterbi(f32([ids.length, labels.length], all), { labels, biases }).labels;
  const spans = spansInText(text, offsets ?? [], decodeSpans(path, labels));
  const got = await filter(text, { maxLength, overlap });
  expect(got.map(({ entity_group: type, start, end, word }) => ({ type, start, end, text: word }))).toEqual(
    spans,
  );
  expect(spans.length).toBeGreaterThan(5);
  const [first, ...others] = got;
  const ignored = await filter(text, { maxLength, overlap, ignore_labels: [first.entity_group ?? ''] });
  expect(ignored).toEqual(others.filter(({ entity_group: type }) => type !== first.entity_group));
});

test('an operating point that the file does not have', async () => {
  await expect(filter('a', { operatingPoint: 'high' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('operatingPoint must be one of default, got "high"'),
  });
});

test('the calibration is one of the files that are fetched', async () => {
  const files = ['config.json', 'tokenizer.json', 'viterbi_calibration.json', 'README.md'];
  expect(await companionsOf(files)).toEqual(expect.arrayContaining(files.slice(0, 3)));
});

test('a calibration that breaks its rules', async () => {
  const store = folderStore(folder);
  const broken = Object.assign(Object.create(store) as typeof store, {
    bytes: async (name: string, limit?: number) =>
      name === 'viterbi_calibration.json'
        ? new TextEncoder().encode('{"operating_points":{"default":{"biases":{}}}}')
        : store.bytes(name, limit as number),
  });
  const model = await loadFrom(broken, { attn });
  await expect(pipeline('ner', model)).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
});
