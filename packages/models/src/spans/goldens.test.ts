// Viterbi decoding, spans and their places in texts, as the originals have them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAttn, type JsonObject, type Tensor } from '@attn/core';
import { wasm } from '@attn/wasm';
import { afterAll, describe, expect, test } from 'vitest';
import { loadModel } from '../node.ts';
import { PrivacyFilter } from '../privacy-filter/index.ts';
import { goldenCases, tensorsOf, type GoldenCase } from '../testing/golden-sets.testing.ts';
import { readCalibration } from './calibration.ts';
import { decodeSpans, type TokenSpan } from './decode-spans.ts';
import { spansInText } from './spans-in-text.ts';
import { viterbi } from './viterbi.ts';

/** The types of labels, in the order in which their names first stand there. */
function typesOf(labels: readonly string[]): readonly string[] {
  return [...new Set(labels.map((label) => label.replace(/^[BIES]-/, '')))];
}

/** Spans as the files have them: numbers in the order of these fields. */
function numbersOf(
  spans: readonly TokenSpan[],
  labels: readonly string[],
  fields: readonly ('row' | 'start' | 'end')[],
): number[] {
  const types = typesOf(labels);
  return spans.flatMap((span) => [...fields.map((field) => span[field]), types.indexOf(span.type)]);
}

async function required(golden: GoldenCase, ...names: readonly string[]): Promise<Tensor[]> {
  const tensors = await tensorsOf(golden);
  return names.map((name) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${golden.id} has no ${name}`);
    return tensor;
  });
}

const CALIBRATION = 'viterbi_calibration.json';

async function json<T = JsonObject>({ folder }: GoldenCase, name: string): Promise<T> {
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
}

async function labelsOf(golden: GoldenCase): Promise<readonly string[]> {
  const { id2label } = await json<{ readonly id2label: Readonly<Record<string, string>> }>(
    golden,
    'config.json',
  );
  return Object.values(id2label);
}

describe('viterbi', () => {
  test.each(goldenCases('today', 'viterbi'))('$id', async (golden) => {
    const { labels, biases } = golden.config as { labels: string[]; biases: JsonObject };
    const [logits, path, spans, score, argmax, argmaxSpans] = await required(
      golden,
      'in.logits',
      'out.labels',
      'out.spans',
      'out.score',
      'out.argmax',
      'out.argmax_spans',
    );
    const calibration = { operating_points: { default: { biases } } };
    const result = viterbi(logits, { labels, biases: readCalibration(calibration) });
    expect(result.labels).toMatchObject({ dtype: 'i32', shape: path.shape });
    expect([...result.labels.data]).toEqual([...path.data]);
    expect(result.scores[0]).toBeCloseTo(score.data[0], 4);
    expect(numbersOf(decodeSpans(result.labels, labels), labels, ['start', 'end'])).toEqual([...spans.data]);
    expect(numbersOf(decodeSpans(argmax, labels), labels, ['start', 'end'])).toEqual([...argmaxSpans.data]);
  });
});

test.each(
  ['models', 'text']
    .flatMap((group) => goldenCases('today', group))
    .filter(({ id }) => ['pf_token', 'privacy_filter'].includes(id)),
)('the rows of a batch without their padding: $id', async (golden) => {
  const tensors = await tensorsOf(golden);
  const [logits, path] = await required(golden, 'out.logits', 'out.labels');
  const attentionMask = tensors.get('in.attention_mask') ?? tensors.get('aux.attention_mask');
  const labels = await labelsOf(golden);
  const biases = golden.id === 'pf_token' ? undefined : readCalibration(await json(golden, CALIBRATION));
  const result = viterbi(logits, { labels, biases, attentionMask });
  expect([...result.labels.data]).toEqual([...path.data]);
  const spans = tensors.get('out.spans');
  const decoded = decodeSpans(result.labels, labels);
  expect(decoded.at(-1)?.row).toBe(path.shape[0] - 1);
  if (spans) expect(numbersOf(decoded, labels, ['row', 'start', 'end'])).toEqual([...spans.data]);
});

/** A span as the original's tool has it. */
interface GoldenSpan extends Readonly<Record<'kept', boolean>> {
  readonly label: string;
  readonly tokens: readonly number[];
  readonly start_utf16: number;
  readonly end_utf16: number;
  readonly text: string;
}

interface GoldenText {
  readonly text: string;
  readonly tokens: number;
  readonly spans: readonly GoldenSpan[];
  readonly spans_zero_bias: readonly GoldenSpan[];
}

describe('from texts to spans', async () => {
  const [golden] = goldenCases('today', 'text').filter(({ id }) => id === 'privacy_filter');
  const attn = await createAttn({ backends: [wasm()] });
  afterAll(() => attn.dispose());
  const model = await loadModel(golden.folder, { attn });
  const { network, tokenizer } = model;
  if (!(network instanceof PrivacyFilter) || tokenizer === undefined) throw new Error('no privacy filter');
  const { labels } = network;
  const { texts } = await json<{ readonly texts: readonly GoldenText[] }>(golden, 'texts.json');
  const [ids, path, logits] = await required(golden, 'aux.input_ids', 'out.labels', 'out.logits');
  const length = ids.shape[1];

  test.each(texts.map((each, row) => ({ ...each, row })))(
    '$text',
    async ({ text, tokens, row, ...spans }) => {
      const { ids: own, offsets } = tokenizer.encode(text);
      expect([...own]).toEqual([...ids.data.subarray(row * length, row * length + tokens)]);
      const outputs = await model.run({ inputIds: [[...own]] });
      const begin = row * length * labels.length;
      outputs.logits.data.forEach((value, i) =>
        expect(Math.abs(value - logits.data[begin + i])).toBeLessThan(golden.tolerance.atol),
      );
      for (const [biases, expected] of [
        [readCalibration(await json(golden, CALIBRATION)), spans.spans],
        [undefined, spans.spans_zero_bias],
      ] as const) {
        const { labels: result } = viterbi(outputs.logits, { labels, biases });
        if (biases)
          expect([...result.data]).toEqual([...path.data.subarray(row * length, row * length + tokens)]);
        const decoded = decodeSpans(result, labels);
        const all = decoded.map(({ type, start, end }) => ({ label: type, tokens: [start, end] }));
        for (const { label, tokens: places } of expected)
          expect(all).toContainEqual({ label, tokens: places });
        const parts = expected
          .filter((span) => span.kept)
          .map((span) => ({
            type: span.label,
            start: span.start_utf16,
            end: span.end_utf16,
            text: span.text,
          }));
        expect(spansInText(text, offsets ?? [], decoded)).toEqual(parts);
      }
    },
  );
});
