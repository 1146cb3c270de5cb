/** Answers of all windows of a context together. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenizedText } from '../../tokenizer.ts';
import type { AnswerWindow } from './answer-window.ts';
import { JointSearch } from './joint-search.ts';
import { OriginalSearch } from './original-search.ts';

/** `[CLS] q [SEP]`, then a context of tokens of one letter each, of which two or three are a word. */
function textOf(count: number): TokenizedText {
  const before = 3;
  const isContext = (i: number): boolean => i >= before && i < before + count;
  const indices = Array.from({ length: before + count + 1 }, (_, i) => i);
  return {
    ids: indices,
    sequences: indices.map((i) => (isContext(i) ? 1 : i === 1 ? 0 : null)),
    offsets: indices.map((i) => (isContext(i) ? [i - before, i - before + 1] : i === 1 ? [0, 1] : null)),
    words: indices.map((i) => (isContext(i) ? Math.floor(((i - before) * 2) / 5) : i === 1 ? 0 : null)),
  };
}

/** A window of logits that are given by a text token's place in the context. */
function windowOf(
  from: number,
  starts: readonly number[],
  ends: readonly number[],
  none: number,
): AnswerWindow {
  return { starts, ends, at: 3 + from, beside: [{ isFirst: true, start: none, end: none / 2 }] };
}

/** Windows of random logits, which overlap by 4 of 10 tokens. */
const windowsOf = (count: number) =>
  fc.tuple(
    ...Array.from({ length: Math.max(1, Math.ceil((count - 4) / 6)) }, (_, i) => {
      const length = Math.min(10, count - i * 6);
      const logits = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), {
        minLength: length,
        maxLength: length,
      });
      return fc
        .tuple(logits, logits, fc.double({ min: -5, max: 5, noNaN: true }))
        .map(([starts, ends, none]) => windowOf(i * 6, starts, ends, none));
    }),
  );

const cases = fc.integer({ min: 1, max: 30 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    windows: windowsOf(count),
    most: fc.integer({ min: 1, max: 12 }),
    maxTokens: fc.integer({ min: 1, max: 12 }),
    alignToWords: fc.boolean(),
  }),
);

describe('answers of several windows', () => {
  test('are the best of all windows, each place once, under one softmax', () => {
    const property = fc.property(cases, ({ count, windows, most, maxTokens, alignToWords }) => {
      const text = textOf(count);
      const search = new JointSearch(text, { most, maxTokens, alignToWords });
      for (const window of windows.toReversed()) search.add(window);
      const { answers, noAnswer } = search.found();

      // The same in the plainest way.
      const wordOf = (token: number): number => Math.floor((token * 2) / 5);
      const isSame = (a: number, b: number): boolean => (alignToWords ? wordOf(a) === wordOf(b) : a === b);
      const tokens = Array.from({ length: count }, (_, i) => i);
      const place = (first: number, last: number): string =>
        `${tokens.find((i) => isSame(i, first))}-${tokens.findLast((i) => isSame(i, last))! + 1}`;
      const f32 = Math.fround;
      const best = new Map<string, number>();
      const [starts, ends] = [new Map<number, number>(), new Map<number, number>()];
      let none = { start: Infinity, end: Infinity };
      for (const window of windows) {
        const from = window.at - 3;
        const [first] = window.beside;
        if (first.start + first.end < none.start + none.end) none = first;
        for (let i = 0; i < window.starts.length; i++) {
          starts.set(from + i, Math.max(starts.get(from + i) ?? -Infinity, window.starts[i]));
          ends.set(from + i, Math.max(ends.get(from + i) ?? -Infinity, window.ends[i]));
          for (let j = i; j < Math.min(window.ends.length, i + maxTokens); j++) {
            const key = place(from + i, from + j);
            best.set(key, Math.max(best.get(key) ?? -Infinity, window.starts[i] + window.ends[j]));
          }
        }
      }
      const total = (logits: ReadonlyMap<number, number>, other: number): number =>
        [...logits.values(), other].reduce((sum, logit) => sum + Math.exp(f32(logit)), 0);
      const all = total(starts, none.start) * total(ends, none.end);
      const expected = [...best].map(([key, logit]) => ({ key, score: Math.exp(logit) / all }));
      expected.sort((a, b) => b.score - a.score);

      expect(answers).toHaveLength(Math.min(most, expected.length));
      for (const [i, { start, end, score }] of answers.entries()) {
        expect(score).toBeCloseTo(expected[i].score, 6);
        expect(best.get(`${start}-${end}`)).toBeCloseTo(Math.log(score * all), 4);
      }
      expect(new Set(answers.map(({ start, end }) => `${start}-${end}`)).size).toBe(answers.length);
      expect(noAnswer).toBeCloseTo(Math.exp(none.start + none.end) / all, 6);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('are those of the original where one window has all, and texts and words are single', () => {
    // All texts differ, so nothing is added.
    const context = 'abcdefghij';
    const property = fc.property(windowsOf(10), fc.integer({ min: 1, max: 9 }), ([window], most) => {
      const options = { most, maxTokens: 4, alignToWords: false };
      const [joint, original] = [
        new JointSearch(textOf(10), options),
        new OriginalSearch(textOf(10), context, options),
      ];
      for (const search of [joint, original]) search.add(window);
      const [ours, theirs] = [joint.found(), original.found()];
      expect(ours.answers.map(({ start, end }) => [start, end])).toEqual(
        theirs.answers.map(({ start, end }) => [start, end]),
      );
      for (const [i, { score }] of ours.answers.entries())
        expect(score).toBeCloseTo(theirs.answers[i].score, 6);
      expect(ours.noAnswer).toBeCloseTo(theirs.noAnswer, 6);
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('a place in two windows counts once, other places of the same text count for themselves', () => {
    // "ab ab": the first "ab" is in both windows.
    const text: TokenizedText = {
      ids: [0, 1, 2, 3, 4, 5, 6],
      sequences: [null, 0, null, 1, 1, 1, null],
      offsets: [null, [0, 1], null, [0, 2], [3, 5], [6, 8], null],
    };
    const context = 'ab ab cd';
    const windows = [windowOf(0, [3, 1], [3, 1], -9), windowOf(0, [2, 0, -5], [2, 0, -5], -9)];
    const options = { most: 5, maxTokens: 1, alignToWords: true };
    const joint = new JointSearch(text, options);
    const original = new OriginalSearch(text, context, options);
    for (const window of windows) {
      joint.add(window);
      original.add(window);
    }
    expect(joint.found().answers.map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [3, 5],
      [6, 8],
    ]);
    // The original has one answer for all four, and its score is beyond 1.
    const { answers } = original.found();
    expect(answers.map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [6, 8],
    ]);
    expect(answers[0].score).toBeGreaterThan(1);
  });

  test('of a word that a window cuts, the original has the part in the window, and all of it is here', () => {
    // Words of 3, 2, 3, 2, … letters: the window begins with the second letter of the first one.
    const [text, context] = [textOf(10), 'AbcdeABCfg'];
    const window = windowOf(1, [9, 0, 0, 0, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0, 0, 0, 0], -9);
    const options = { most: 1, maxTokens: 1, alignToWords: true };
    const [joint, original] = [new JointSearch(text, options), new OriginalSearch(text, context, options)];
    for (const search of [joint, original]) search.add(window);
    expect(joint.found().answers[0]).toMatchObject({ start: 0, end: 3 });
    expect(original.found().answers[0]).toMatchObject({ start: 1, end: 3 });
  });

  test('the original adds the scores of texts that differ in case alone', () => {
    const [text, context] = [textOf(10), 'AbcdeaBCfg'];
    const even = [4, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    const search = new OriginalSearch(text, context, { most: 3, maxTokens: 1, alignToWords: true });
    search.add(windowOf(0, even, even, -9));
    const all = (2 * Math.exp(4) + 8 + Math.exp(-9)) * (2 * Math.exp(4) + 8 + Math.exp(-4.5));
    const [{ start, score }] = search.found().answers;
    expect(start).toBe(0);
    // Both words, each by all three of its tokens.
    expect(score).toBeCloseTo((2 * (Math.exp(8) + 2)) / all, 6);
  });

  test('a short last window without an answer does not compete', () => {
    const text = textOf(12);
    const clear = windowOf(0, [0, 0, 6, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 6, 0, 0, 0, 0, 0, 0], 0);
    // Its own softmax leaves nearly all to its only good token; its logits are bad.
    const last = windowOf(10, [-8, -1], [-8, -1], -9);
    const options = { most: 1, maxTokens: 5, alignToWords: false };
    const [joint, original] = [
      new JointSearch(text, options),
      new OriginalSearch(text, 'abcdefghijkl', options),
    ];
    for (const search of [joint, original]) {
      search.add(clear);
      search.add(last);
    }
    expect(joint.found().answers[0]).toMatchObject({ start: 2, end: 4 });
    expect(original.found().answers[0]).toMatchObject({ start: 11, end: 12 });
  });
});
