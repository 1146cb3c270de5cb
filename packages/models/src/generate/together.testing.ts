/** Tests of texts that are searched together: each has what it has alone. */
import { expect } from 'vitest';
import type { TextGenerator } from '../loaded/text-generator.ts';
import type { Generated, GenerateOptions } from './options.ts';

/** A result without what rounding changes. */
const plain = ({ sequences, promptTokens, backends }: Generated): unknown => ({
  promptTokens,
  backends,
  texts: sequences.map(({ ids, end }) => ({ ids, end })),
});

/** Generates for all inputs in one call and for each alone. Compares texts, scores, tokens and progress. */
export async function expectSameTogether(
  generator: TextGenerator,
  inputs: readonly (readonly number[])[],
  options: GenerateOptions,
): Promise<void> {
  const calls: string[] = [];
  const progress: number[] = [];
  const together = await generator.generate(inputs, {
    ...options,
    onToken: (id, input, row) => void calls.push(`${input} ${row} ${id}`),
    onProgress: ({ done, total }) => void progress.push(done / total),
  });
  for (const [i, ids] of inputs.entries()) {
    const alone = await generator.generate(ids, options);
    expect(plain(together[i]), `text ${i}`).toEqual(plain(alone));
    for (const [row, { ids: tokens, score }] of alone.sequences.entries()) {
      expect(together[i].sequences[row].score ?? 0).toBeCloseTo(score ?? 0, 4);
      const own = calls.filter((call) => call.startsWith(`${i} ${row} `));
      expect(own).toEqual(tokens.map((id) => `${i} ${row} ${id}`));
    }
  }
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(1);
}
