// What goldens do not show: refusals, extremes, and that no better sequence exists.
import { f32, type Tensor } from '@attn/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCalibration } from './calibration.ts';
import { decodeSpans } from './decode-spans.ts';
import { spansInText } from './spans-in-text.ts';
import { viterbi, type TransitionBiases } from './viterbi.ts';

const LABELS = ['O', 'B-a', 'I-a', 'E-a', 'S-a', 'B-b', 'I-b', 'E-b', 'S-b'];
const COUNT = LABELS.length;

/** The bias of a step by the table of the original; undefined where it is not allowed. */
function biasOf(from: string, to: string, biases: TransitionBiases): number | undefined {
  const [[f, fromType], [t, toType]] = [from, to].map((label) => label.split('-'));
  const isSame = fromType === toType;
  if (f === 'O')
    return t === 'O' ? biases.backgroundStay : 'BS'.includes(t) ? biases.backgroundToStart : undefined;
  if ('BI'.includes(f)) {
    if (!isSame) return undefined;
    return t === 'I' ? biases.insideToContinue : t === 'E' ? biases.insideToEnd : undefined;
  }
  return t === 'O' ? biases.endToBackground : 'BS'.includes(t) ? biases.endToStart : undefined;
}

/** The score of the best sequence, by trying all. */
function bestOfAll(logits: Tensor, biases: TransitionBiases): number {
  const [length] = logits.shape;
  const emission = (place: number, label: number): number => {
    const row = Array.from(logits.data.subarray(place * COUNT, (place + 1) * COUNT));
    return row[label] - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
  };
  const from = (place: number, before: string, score: number): number => {
    if (place === length) return /^[BI]/.test(before) ? -Infinity : score;
    const scores = LABELS.map((label, number) => {
      const isFirst = place === 0;
      const bias = isFirst ? (/^[IE]/.test(label) ? undefined : 0) : biasOf(before, label, biases);
      return bias === undefined ? -Infinity : from(place + 1, label, score + bias + emission(place, number));
    });
    return Math.max(...scores);
  };
  return from(0, 'O', 0);
}

test('no sequence has a greater score', () => {
  const number = fc.double({ min: -4, max: 4, noNaN: true });
  const biases = fc.record({
    backgroundStay: number,
    backgroundToStart: number,
    insideToContinue: number,
    insideToEnd: number,
    endToBackground: number,
    endToStart: number,
  });
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 4 })
        .chain((n) => fc.array(number, { minLength: n * COUNT, maxLength: n * COUNT })),
      biases,
      (numbers, some) => {
        const logits = f32([numbers.length / COUNT, COUNT], numbers);
        const { scores } = viterbi(logits, { labels: LABELS, biases: some });
        expect(scores[0]).toBeCloseTo(bestOfAll(logits, some), 9);
      },
    ),
    { numRuns: 60 },
  );
});

describe('viterbi', () => {
  const zeros = f32([2, COUNT], new Float32Array(2 * COUNT));

  test('of equal sequences that of smaller numbers; no tokens are no sequence', () => {
    expect([...viterbi(zeros, { labels: LABELS }).labels.data]).toEqual([0, 0]);
    const none = viterbi(f32([0, COUNT], []), { labels: LABELS });
    expect([none.labels.shape, none.scores]).toEqual([[0], [0]]);
    const padding = viterbi(zeros, { labels: LABELS, attentionMask: [0, 0] });
    expect([[...padding.labels.data], padding.scores]).toEqual([[-1, -1], [0]]);
  });

  test('padding in the middle of a span, and large logits', () => {
    const logits = f32([1, 3, COUNT], new Float32Array(3 * COUNT).fill(-1e4));
    for (const [place, label] of [
      [0, 1],
      [1, 0],
      [2, 3],
    ])
      logits.data[place * COUNT + label] = 1e4;
    const { labels } = viterbi(logits, { labels: LABELS, attentionMask: [[1, 0, 1]] });
    expect([...labels.data]).toEqual([1, -1, 3]);
    expect(decodeSpans(labels, LABELS)).toEqual([{ row: 0, type: 'a', start: 0, end: 3 }]);
  });

  test('says what does not fit', () => {
    expect(() => viterbi(f32([2, 3], new Float32Array(6)), { labels: LABELS })).toThrow(
      '[attn/models] viterbi: logits must be [N, labels = 9] or [B, N, 9], got [2, 3]',
    );
    expect(() => viterbi(zeros, { labels: ['O', 'B-a', 'x'] })).toThrow(
      'a label must be O, or B-, I-, E- or S- and a type, got "x"',
    );
    expect(() => viterbi(zeros, { labels: ['B-a', 'S-a'] })).toThrow(
      'labels must have O, got ["B-a", "S-a"]',
    );
    expect(() => viterbi(zeros, { labels: ['O', 'O'] })).toThrow('labels must differ, got "O" twice');
    expect(() => viterbi(zeros, { labels: LABELS, biases: { endToStart: Infinity } })).toThrow(
      'endToStart must be a finite number, got Infinity',
    );
    expect(() => viterbi(f32([1, COUNT], new Float32Array(COUNT).fill(NaN)), { labels: LABELS })).toThrow(
      'the logits of a token must have a finite maximum, got NaN at token 0',
    );
  });
});

test('spans of labels that do not fit together', () => {
  const spans = (...labels: readonly number[]): string =>
    decodeSpans(labels, LABELS)
      .map(({ type, start, end }) => `${type}${start}-${end}`)
      .join(' ');
  expect(spans(2, 2, 3, 3)).toBe('a0-3 a3-4'); // I I E E
  expect(spans(1, 6, 2, 0)).toBe('a0-1 b1-2 a2-3'); // B-a I-b I-a O
  expect(spans(1, 1, 4, 5)).toBe('a0-1 a1-2 a2-3 b3-4'); // B B S B
  expect(() => spans(9)).toThrow('a label must be an integer from 0 to 8, or -1 for padding, got 9 at 0');
  expect(() => decodeSpans([[[0]]], LABELS)).toThrow('labels must be [N] or [B, N]');
});

test('parts of a text', () => {
  const text = ' 👋 Ann  B.\u0085';
  const offsets = [[0, 1], null, [1, 3], [1, 3], [4, 7], [7, 9], [9, 11], [11, 12]] as const;
  const parts = (...spans: readonly (readonly [type: string, start: number, end: number])[]) =>
    spansInText(
      text,
      offsets,
      spans.map(([type, start, end]) => ({ type, start, end })),
    ).map(({ type, text: part }) => `${type}:${part}`);
  expect(parts(['a', 0, 3], ['b', 3, 4], ['c', 4, 8])).toEqual(['a:👋', 'c:Ann  B.']);
  expect(parts(['z', 4, 7], ['y', 4, 7], ['x', 4, 5], ['w', 5, 6], ['v', 1, 2])).toEqual(['y:Ann  B.']);
  expect(() => parts(['a', 3, 9])).toThrow('a span must be { type, start, end } with places of the 8 tokens');
  expect(() => spansInText('ab', [[0, 3]], [{ type: 'a', start: 0, end: 1 }])).toThrow(
    'an offset must be null or [start, end] in the text "ab", got [0, 3]',
  );
});

test('a calibration must be whole', () => {
  const biases = Object.fromEntries(
    [
      'background_stay',
      'background_to_start',
      'inside_to_continue',
      'inside_to_end',
      'end_to_background',
    ].map((name) => [`transition_bias_${name}`, -1.5]),
  );
  const file = (point: object) => ({ operating_points: { default: point } }) as never;
  expect(() => readCalibration(file({ biases }))).toThrow(
    'viterbi_calibration.json: default: biases: transition_bias_end_to_start must be a number',
  );
  expect(readCalibration(file({ biases: { ...biases, transition_bias_end_to_start: 2 } }))).toEqual({
    backgroundStay: -1.5,
    backgroundToStart: -1.5,
    insideToContinue: -1.5,
    insideToEnd: -1.5,
    endToBackground: -1.5,
    endToStart: 2,
  });
  expect(() => readCalibration(file({}), 'precise')).toThrow(
    'viterbi_calibration.json: operating_points: precise must be an object, got undefined',
  );
});
