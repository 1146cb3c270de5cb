import { describe, expect, test } from 'vitest';
import { and, not, or } from '../../patterns/combinators.ts';
import { full } from '../../patterns/full.ts';
import { globalTokens } from '../../patterns/global-tokens.ts';
import { keyPadding } from '../../patterns/key-padding.ts';
import { segments } from '../../patterns/segments.ts';
import { slidingWindow } from '../../patterns/sliding-window.ts';
import { i32, bool } from '../../tensor.ts';
import { effectivePattern, patternData } from './effective-pattern.ts';

const window = slidingWindow({ before: 1, after: 1 });
const inputs = {
  globalMask: bool([1, 6], [1, 0, 0, 0, 0, 1]),
  segmentIds: i32([1, 6], [4, 4, 4, 4, 9, 9]),
  keyLengths: i32([1], [5]),
};

/** The allowed keys of each query, for tokens 0 … 5. */
function rows(names: (keyof typeof inputs)[], pattern = window): string[] {
  const boundPattern = effectivePattern({ pattern }, names).bind(patternData(inputs, { queryOffset: 0 }));
  const tokens = [0, 1, 2, 3, 4, 5];
  return tokens.map((query) => tokens.filter((key) => boundPattern.allows(0, 0, query, key)).join(''));
}

describe('data that the pattern does not read still counts', () => {
  test('without data the pattern is itself', () => {
    expect(effectivePattern({ pattern: window }, ['q', 'k', 'v'])).toBe(window);
  });

  test('global tokens are added', () => {
    expect(rows(['globalMask'])).toEqual(['012345', '0125', '01235', '02345', '0345', '012345']);
  });

  test('documents and lengths restrict', () => {
    expect(rows(['segmentIds'])).toEqual(['01', '012', '123', '23', '45', '45']);
    expect(rows(['keyLengths'])).toEqual(['01', '012', '123', '234', '34', '4']);
  });

  test('padding and documents beat global tokens, which stay special', () => {
    const names: (keyof typeof inputs)[] = ['globalMask', 'segmentIds', 'keyLengths'];
    expect(rows(names)).toEqual(['0123', '012', '0123', '023', '4', '4']);
    const boundPattern = effectivePattern({ pattern: window }, names).bind(
      patternData(inputs, { queryOffset: 0 }),
    );
    expect([...boundPattern.globals(0, 0)]).toEqual([0, 5]);
  });
});

test('a pattern that reads its data itself decides what it means', () => {
  const pattern = or(and(full(), not(segments())), keyPadding(), globalTokens());
  expect(effectivePattern({ pattern }, Object.keys(inputs))).toBe(pattern);
});
