/** The original's answers from its logits alone, and the tokens that they are of. */
import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../node.ts';
import { taskFolders } from '../golden-tasks.testing.ts';
import { expectAnswers, fromWindows, type GoldenAnswers, type GoldenWindow } from './goldens.testing.ts';
import { OriginalSearch } from './original-search.ts';
import { answersOf } from './question-answering.ts';
import type { QuestionInput } from './input.ts';
import type { QuestionAnsweringOptions } from './options.ts';

const TOLERANCE = 1e-6;

describe.each(taskFolders('question-answering'))('$name', ({ path, cases }) => {
  const stored = cases.filter(({ windows }) => windows !== undefined);

  test.each(stored)('$id', ({ input, options, expected, ...golden }) => {
    const { context } = input as unknown as QuestionInput;
    const {
      top_k: most = 1,
      max_answer_len: maxTokens = 15,
      align_to_words: alignToWords = true,
    } = options as QuestionAnsweringOptions;
    const { text, windows } = fromWindows(golden.windows as readonly GoldenWindow[]);
    const search = new OriginalSearch(text, context, { most, maxTokens, alignToWords });
    for (const window of windows.toReversed()) search.add(window);
    const answers = answersOf(search.found(), context, 1, options as Pick<QuestionAnsweringOptions, 'top_k'>);
    expectAnswers(answers, context, expected as GoldenAnswers, TOLERANCE);
  });

  test('tokens, places and words are those of the original', async () => {
    const tokenizer = (await loadTokenizer(path))!;
    expect(stored.length).toBeGreaterThan(3);
    for (const { input, ...golden } of stored) {
      const { question, context } = input as unknown as QuestionInput;
      const encoding = tokenizer.encode(question, { pair: context });
      const isContext = (sequence: 0 | 1 | null): boolean => sequence === 1;
      const column = <T>(values: readonly T[], sequences: readonly (0 | 1 | null)[]): T[] =>
        values.filter((_, i) => isContext(sequences[i]));
      const { text } = fromWindows(golden.windows as readonly GoldenWindow[]);
      const { ids, words = [], offsets = [], sequences = [] } = text;
      expect(column(encoding.ids, encoding.sequences)).toEqual(column(ids, sequences));
      expect(column(encoding.offsets, encoding.sequences)).toEqual(column(offsets, sequences));
      expect(column(encoding.words, encoding.sequences)).toEqual(column(words, sequences));
    }
  });
});
