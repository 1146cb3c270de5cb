/** Which tokens are one entity. */
import { expect, test } from 'vitest';
import { groupEntities } from './group-entities.ts';
import type { Tags } from './options.ts';

function groups(labels: string, tags: Tags): readonly string[] {
  const words = labels.split(' ').map((label, i) => ({ label, score: i, from: i, to: i + 1 }));
  return groupEntities(words, tags).map(({ type, from, to }) => `${type} ${from}-${to}`);
}

test.each([
  // labels, with the original's tags, with all tags
  ['B-x I-x I-x', ['x 0-3'], ['x 0-3']],
  ['I-x B-x I-x', ['x 0-1', 'x 1-3'], ['x 0-1', 'x 1-3']],
  ['I-x I-y', ['x 0-1', 'y 1-2'], ['x 0-1', 'y 1-2']],
  ['I-x O I-x', ['x 0-1', 'O 1-2', 'x 2-3'], ['x 0-1', 'O 1-2', 'x 2-3']],
  ['O O', ['O 0-2'], ['O 0-2']],
  ['x I-x time-of-day', ['x 0-2', 'time-of-day 2-3'], ['x 0-2', 'time-of-day 2-3']],
  ['B- I-', [' 0-2'], [' 0-2']],
  // The original knows no E and S: their names are types of their own.
  ['B-x I-x E-x', ['x 0-2', 'x 2-3'], ['x 0-3']],
  ['S-x S-x', ['x 0-2'], ['x 0-1', 'x 1-2']],
  ['S-x I-x', ['x 0-1', 'x 1-2'], ['x 0-1', 'x 1-2']],
  ['B-x E-x E-x', ['x 0-1', 'x 1-3'], ['x 0-2', 'x 2-3']],
  ['E-x E-x I-x', ['x 0-2', 'x 2-3'], ['x 0-2', 'x 2-3']],
  ['B-x E-y', ['x 0-1', 'y 1-2'], ['x 0-1', 'y 1-2']],
])('%s', (labels, ofOriginal, ofAll) => {
  expect(groups(labels, 'BI')).toEqual(ofOriginal);
  expect(groups(labels, 'BIES')).toEqual(ofAll);
});

test('the score is the mean', () => {
  const words = [0.5, 0.25, 0.75].map((score, i) => ({ label: 'I-x', score, from: 2 * i, to: 2 * i + 2 }));
  expect(groupEntities(words, 'BI')).toEqual([{ type: 'x', score: 0.5, from: 0, to: 6 }]);
});
