// Texts that end a text, however it is cut into pieces.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopTexts } from './stop-texts.ts';

/** What is passed on of pieces, and whether the text ended. */
function passed(stops: readonly string[], pieces: readonly string[]): readonly [string, boolean] {
  const filter = new StopTexts(stops);
  let text = '';
  for (const next of pieces) {
    const { piece, isOver } = filter.add(next);
    text += piece;
    if (isOver) return [text, true];
  }
  return [text + filter.rest(), false];
}

test.each([
  [['END'], ['a', 'b E', 'ND c'], ['ab ', true]],
  [['END'], ['a E', 'N', 'T'], ['a ENT', false]],
  [['aab'], ['a', 'a', 'a', 'b'], ['a', true]],
  [
    ['\n', 'User:'],
    ['Hi Use', 'r', '\n'],
    ['Hi User', true],
  ],
  [['b', 'abc'], ['abc'], ['', true]],
  [[], ['a', ''], ['a', false]],
])('%j in %j', (stops, pieces, expected) => {
  expect(passed(stops, pieces)).toEqual(expected);
});

test('pieces do not matter', () => {
  const letters = (most: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: most });
  fc.assert(
    fc.property(letters(4), fc.array(letters(5), { maxLength: 8 }), (stop, pieces) => {
      const text = pieces.join('');
      const place = text.indexOf(stop);
      expect(passed([stop], pieces)).toEqual(place < 0 ? [text, false] : [text.slice(0, place), true]);
    }),
  );
});
