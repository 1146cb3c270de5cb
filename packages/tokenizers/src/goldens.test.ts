// Every line of the goldens: the ids of one of the originals, and whatever belongs to them.
import { describe, expect, test } from 'vitest';
import { differences, type GoldenLine } from './golden-lines.testing.ts';
import { builtOf, cases, filesOf, linesOf } from './goldens.testing.ts';
import { tokenizerFromFiles, tokenizerFromJson } from './index.ts';

describe.each(cases)('$id', (golden) => {
  const tokenizer = tokenizerFromFiles(filesOf(golden));
  const lines = linesOf(golden);
  const { batch } = golden;

  test('ids, offsets, types and special tokens of every line', () => {
    expect(lines.flatMap((line) => differences(tokenizer, line, true))).toEqual([]);
  });

  test('without special tokens the same ids and offsets, but for those of the template', () => {
    for (const line of lines.filter(({ windows }) => windows === undefined)) {
      const { text, pair } = line;
      const whole = tokenizer.encode(text, { pair });
      const bare = tokenizer.encode(text, { pair, addSpecialTokens: false });
      const own = <T>(column: readonly T[]) => column.filter((_, i) => whole.special[i] === 0);
      expect([bare.ids, bare.offsets], `line ${line.i}`).toEqual([own(whole.ids), own(whole.offsets)]);
    }
  });

  test('decoding', () => {
    const decoded = lines.flatMap(({ ids, decode }) =>
      ids === undefined ? [] : [[tokenizer.decode(ids), decode]],
    );
    expect(decoded.map(([ours]) => ours)).toEqual(decoded.map(([, theirs]) => theirs));
  });

  test('a padded batch', () => {
    if (batch === undefined) {
      // Reformer has no padding token.
      expect(tokenizer.padId).toBeUndefined();
      return;
    }
    // The rows whose ids are those of the fast tokenizer, which the batch has.
    const ofBatch = lines.filter(({ i, slow }) => batch.lines.includes(i) && slow === undefined);
    expect(ofBatch.length).toBeGreaterThan(1);
    const encodings = ofBatch.map(({ text, pair }) => tokenizer.encode(text, { pair }));
    const padded = tokenizer.pad(encodings, { length: batch.ids[0].length });
    for (const [row, { i }] of ofBatch.entries()) {
      const expectedRow = batch.lines.indexOf(i);
      expect(padded.ids[row]).toEqual(batch.ids[expectedRow]);
      expect(padded.attentionMask[row]).toEqual(batch.mask[expectedRow]);
      expect(padded.typeIds[row]).toEqual(batch.typeIds[expectedRow]);
    }
  });

  const built = builtOf(golden);
  if (built === undefined) return;
  test('the tokenizer.json that the original makes of the folder', () => {
    const own = tokenizerFromJson(built);
    // BigBird's says that control pieces are looked for after normalizing, which it did not do when it was
    // made.
    const isWrong = ({ text }: GoldenLine) =>
      golden.group === 'bigbird' && /<s>|<\/s>|<pad>|\[MASK\]/.test(text);
    const tried = lines.filter((line) => !isWrong(line));
    expect(tried.flatMap((line) => differences(own, line, false))).toEqual([]);
  });
});
