// The texts of beams, against the text of all tokens of a row.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteTokenizer } from '../byte-tokenizer.ts';
import { BeamTexts } from './beam-texts.ts';
import { ENDED } from './decoder.ts';

const tokenizer = byteTokenizer(0);
const STOP = ['ab', 'é', 'caca'];
/** The bytes of a, b, c and é. */
const BYTES = [97, 98, 99, 0xc3, 0xa9];

/** Whether a row's text has one of the texts. Bytes that are no letter yet are none. */
const isOver = (row: readonly number[]): boolean =>
  STOP.some((text) => tokenizer.decode([...row]).includes(text));

test('a row ends with the token that completes a text, whichever rows it comes from', () => {
  const step = fc.array(fc.tuple(fc.constantFrom(...BYTES, ENDED), fc.nat(2)), {
    minLength: 3,
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const texts = new BeamTexts(tokenizer, [[97], [98, 97]], 3, STOP);
      let rows: readonly (readonly number[])[] = new Array<readonly number[]>(6).fill([]);
      for (const own of steps) {
        for (const [i, row] of rows.entries())
          for (const byte of BYTES)
            if (!isOver(row)) expect(texts.ends(i, byte)).toBe(isOver([...row, byte]));
        // Rows of each prompt follow rows of that prompt.
        const all = [0, 3].flatMap((first) => own.map(([token, source]) => [token, first + source] as const));
        texts.extend(
          Int32Array.from(all, ([token]) => token),
          Int32Array.from(all, ([, source]) => source),
        );
        rows = all.map(([token, source], i) => (token === ENDED ? rows[i] : [...rows[source], token]));
      }
    }),
    { numRuns: 200 },
  );
});
