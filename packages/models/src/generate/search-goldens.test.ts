// Searches against transformers: the same tokens, scores and beams, when the network's logits are the same.
import { describe, expect, test } from 'vitest';
import { searchBeams } from './beam-search.ts';
import { ReplayedDecoder, readSearchGolden, searchCases } from './goldens.testing.ts';
import { searchTokens } from './token-search.ts';

const goldens = await Promise.all(searchCases().map(readSearchGolden));

test('there are goldens of greedy search, and of each way in which beams stop', () => {
  const ways = goldens.map(({ options }) => (options.num_beams > 1 ? options.early_stopping : 'greedy'));
  expect(new Set(ways)).toEqual(new Set(['greedy', true, false, 'never']));
});

describe.each(goldens)('$id', (golden) => {
  test('rows, their scores, and the scores of each step', async () => {
    const { plan, prompts, options } = golden;
    const network = new ReplayedDecoder(golden);
    const begins = prompts.map((ids) => ({ ids, maxLength: plan.span.maxLength }));
    let step = 0;
    const onScores = (rows: readonly Float32Array[]): void => {
      for (const [row, scores] of rows.entries()) {
        const expected = golden.stepScores(step, row);
        if (expected === undefined) continue;
        for (const [id, score] of scores.entries()) {
          if (expected[id] === -Infinity) expect(score, `step ${step}, row ${row}, id ${id}`).toBe(-Infinity);
          else
            expect(Math.abs(score - expected[id]), `step ${step}, row ${row}, id ${id}`).toBeLessThan(5e-5);
        }
      }
      step += 1;
    };
    const results =
      plan.choice.kind === 'beams'
        ? await searchBeams(network, begins, plan, plan.choice, { onScores })
        : await searchTokens(network, begins, plan, { onScores });
    expect(step).toBe(golden.steps);
    const rows = results.flat();
    expect(rows).toHaveLength(golden.sequences.length);
    for (const [i, { ids, score, sources, end }] of rows.entries()) {
      const expected = golden.sequences[i];
      const row = [...prompts[0], ...ids];
      const padding = new Array<number>(expected.length - row.length).fill(options.pad);
      expect([...row, ...padding], `row ${i}`).toEqual(expected);
      expect(end).toBe(options.eos.includes(ids[ids.length - 1]) ? 'stop' : 'length');
      if (golden.scores === undefined) continue;
      expect(Math.abs(Number(score) - golden.scores[i])).toBeLessThan(golden.atol);
      const steps = golden.sources?.[i] ?? [];
      expect([...(sources ?? []), ...new Array<number>(steps.length - ids.length).fill(-1)]).toEqual(steps);
    }
  });
});
