// What each rule does to the scores of a row.
import { expect, test } from 'vitest';
import { Processors, type RowSpan, type ScoreRules } from './processors.ts';
import { NO_RULES, SHORT_SPAN } from './processors.testing.ts';

/** The ids whose scores changed, with their scores; ids that became impossible have none. */
function changes(
  row: readonly number[],
  rules: Partial<ScoreRules>,
  span: Partial<RowSpan> = {},
): Readonly<Record<number, number | null>> {
  const before = Float32Array.from({ length: 8 }, (_, id) => (id % 2 === 0 ? 2 : -2));
  const scores = before.slice();
  const space = Int32Array.of(...row, 3, 3);
  new Processors({ ...NO_RULES, ...rules }, 8).process(scores, space, row.length, {
    ...SHORT_SPAN,
    ...span,
  });
  const changed = [...scores.entries()].filter(([id, score]) => score !== before[id]);
  return Object.fromEntries(changed.map(([id, score]) => [id, score === -Infinity ? null : score]));
}

test('without rules nothing changes', () => {
  expect(changes([2, 5], {})).toEqual({});
});

/** The lengths from 1 to 7 behind which rules read scores, and those behind which a token is forced. */
function lengths(rules: Partial<ScoreRules>): readonly [number[], number[]] {
  const processors = new Processors({ ...NO_RULES, ...rules }, 8);
  const all = [1, 2, 3, 4, 5, 6, 7];
  return [
    all.filter((length) => processors.readAt(length, SHORT_SPAN)),
    all.filter((length) => processors.forcesAt(length, SHORT_SPAN)),
  ];
}

test.each<[Partial<ScoreRules>, number[], number[]]>([
  [{}, [], []],
  [{ repetitionPenalty: 2 }, [1, 2, 3, 4, 5, 6, 7], []],
  [{ noRepeatNgramSize: 2, forcedBos: 3 }, [2, 3, 4, 5, 6, 7], [1]],
  [{ badWords: [[1]] }, [], []],
  [{ badWords: [[2]] }, [1, 2, 3, 4, 5, 6, 7], []],
  [{ minLength: 3 }, [1, 2], []],
  [{ minLength: 3, minNewTokens: 3 }, [1, 2, 3], []],
  [{ minLength: 3, eos: [] }, [], []],
  [{ forcedBos: 3, forcedEos: [1] }, [], [1, 7]],
  [{ suppressedFirst: [2], forcedBos: 3 }, [2], [1]],
])('%j reads scores behind %j, and forces a token behind %j', (rules, reading, forcing) => {
  expect(lengths(rules)).toEqual([reading, forcing]);
});

test('a penalty counts once for each token', () => {
  expect(changes([2, 5, 2], { repetitionPenalty: 2 })).toEqual({ 2: 1, 5: -4 });
});

test.each([
  [1, [2, 5], [2, 5]],
  [2, [2, 5, 2], [5]],
  [2, [2, 5, 2, 4, 2], [4, 5]],
  [3, [2, 5, 6, 2, 5], [6]],
  [3, [2, 5, 6, 4, 5], []],
  [3, [2, 5], []],
  [4, [2], []],
])('no %i tokens twice behind %j', (noRepeatNgramSize, row, ids) => {
  expect(changes(row, { noRepeatNgramSize })).toEqual(Object.fromEntries(ids.map((id) => [id, null])));
});

test('bad words: single ones always, others behind their begin; the end of a text is none', () => {
  const badWords = [[4], [1], [2, 5, 6]];
  expect(changes([2, 5], { badWords })).toEqual({ 4: null, 6: null });
  expect(changes([5], { badWords })).toEqual({ 4: null });
  expect(changes([5, 2], { badWords: [[2, 1]] })).toEqual({ 1: null });
});

test('least lengths, with the prompt and without', () => {
  expect(changes([2, 3, 4], { minLength: 4 })).toEqual({ 1: null });
  expect(changes([2, 3, 4, 5], { minLength: 4 })).toEqual({});
  expect(changes([2, 3, 4], { minNewTokens: 2, eos: [1, 6] }, { promptLength: 2 })).toEqual({
    1: null,
    6: null,
  });
  expect(changes([2, 3, 4, 5], { minNewTokens: 2 }, { promptLength: 2 })).toEqual({});
});

test('forced tokens, behind all that is forbidden', () => {
  const forced = Object.fromEntries(Array.from({ length: 8 }, (_, id) => [id, id === 6 ? 0 : null]));
  expect(changes([2], { forcedBos: 6, noRepeatNgramSize: 1, badWords: [[6]] })).toEqual(forced);
  expect(changes([2, 3], { forcedBos: 6 })).toEqual({});
  expect(changes([2, 3, 4], { forcedEos: [6] }, { maxLength: 4 })).toEqual(forced);
  expect(changes([2, 3], { forcedEos: [6] }, { maxLength: 4 })).toEqual({});
});

test('suppressed tokens, always or at the begin', () => {
  expect(changes([2, 3], { suppressed: [4, 7] })).toEqual({ 4: null, 7: null });
  expect(changes([2], { suppressedFirst: [4] })).toEqual({ 4: null });
  expect(changes([2, 3], { suppressedFirst: [4] })).toEqual({});
  // The first token is forced here, so the second is the first that may be chosen.
  expect(changes([2, 6], { suppressedFirst: [4], forcedBos: 6 })).toEqual({ 4: null });
});
