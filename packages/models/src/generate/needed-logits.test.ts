// Searches that are given only the logits that they need find what they find among all.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { searchBeams } from './beam-search.ts';
import { HashedDecoder } from './hashed-decoder.testing.ts';
import { neededLogits } from './needed-logits.ts';
import type { ScoreRules } from './processors.ts';
import { NO_RULES, SHORT_SPAN } from './processors.testing.ts';
import type { Choice, FoundRow, SearchPlan } from './search.ts';
import { searchTokens } from './token-search.ts';

const RULES: ScoreRules = NO_RULES;
const SPAN = { ...SHORT_SPAN, maxLength: 9 };
const GREEDY: Choice = { kind: 'greedy' };
const DRAW = { temperature: 1, topK: 50, topP: 0.9, seed: 0 };
const DRAWS: Choice = { kind: 'sample', ...DRAW };
const BEAMS = { kind: 'beams', beams: 4, lengthPenalty: 1, earlyStopping: false } as const;

describe('which logits are needed', () => {
  test.each<[Choice, Partial<ScoreRules>, ReturnType<typeof neededLogits>]>([
    [GREEDY, {}, { count: 1, sums: false }],
    [GREEDY, { forcedBos: 5, forcedEos: [1] }, { count: 1, sums: false }],
    [GREEDY, { minLength: 2 }, undefined],
    [GREEDY, { minLength: 1 }, { count: 1, sums: false }],
    [GREEDY, { repetitionPenalty: 1.1 }, undefined],
    [DRAWS, {}, { count: 50, sums: false }],
    [{ ...DRAWS, topK: 0 }, {}, undefined],
    [{ ...DRAWS, topK: 65 }, {}, undefined],
    [BEAMS, {}, { count: 8, sums: true }],
    [{ ...BEAMS, draws: DRAW }, {}, { count: 50, sums: true }],
    [{ ...BEAMS, draws: { ...DRAW, topK: 1 } }, { eos: [1, 2] }, { count: 3, sums: true }],
    [{ ...BEAMS, draws: { ...DRAW, topK: 0 } }, {}, undefined],
    [BEAMS, { eos: [1, 2, 3] }, { count: 16, sums: true }],
    [BEAMS, { noRepeatNgramSize: 3 }, undefined],
  ])('%j with %j', (choice, rules, expected) => {
    const plan = { choice, rules: { ...RULES, ...rules }, returned: 1, span: SPAN };
    expect(neededLogits([plan], 100)).toEqual(expected);
  });
  test('of a small vocabulary, all', () => {
    const plan = { choice: BEAMS, rules: RULES, returned: 1, span: SPAN };
    expect(neededLogits([plan], 8)).toBe(undefined);
    expect(neededLogits([plan], 9)).toEqual({ count: 8, sums: true });
  });
});

/** The rows of two prompts. */
function search(network: HashedDecoder, plan: SearchPlan): Promise<readonly (readonly FoundRow[])[]> {
  const prompts = [
    { ids: [3], maxLength: SPAN.maxLength },
    { ids: [6, 4], maxLength: SPAN.maxLength - 2 },
  ];
  return plan.choice.kind === 'beams'
    ? searchBeams(network, prompts, plan, plan.choice)
    : searchTokens(network, prompts, plan);
}

test('the same rows, and the same scores but for the rounding of sums', async () => {
  const draws = fc.record({
    temperature: fc.constantFrom(0.5, 1, 3),
    topK: fc.integer({ min: 1, max: 30 }),
    topP: fc.constantFrom(0.3, 0.9, 1),
    seed: fc.nat(),
  });
  const choices = fc.oneof(
    fc.constant(GREEDY),
    draws.map((own) => ({ kind: 'sample' as const, ...own })),
    fc.record({
      kind: fc.constant('beams' as const),
      beams: fc.integer({ min: 2, max: 5 }),
      lengthPenalty: fc.constantFrom(0, 1, 2),
      earlyStopping: fc.constantFrom<(boolean | 'never')[]>(true, false, 'never'),
      draws: fc.option(draws, { nil: undefined }),
    }),
  );
  const rules = fc.record({
    eos: fc.constantFrom<(readonly number[])[]>([1], [1, 2], []),
    forcedBos: fc.constantFrom(undefined, 7),
    forcedEos: fc.constantFrom<(readonly number[])[]>([], [1], [9, 6]),
  });
  await fc.assert(
    fc.asyncProperty(choices, rules, fc.integer(), async (choice, own, salt) => {
      const returned = choice.kind === 'greedy' ? 1 : 2;
      const plan: SearchPlan = { choice, rules: { ...RULES, ...own }, returned, span: SPAN };
      const best = neededLogits([plan], 40) ?? expect.fail('all logits');
      const expected = await search(new HashedDecoder(40, salt), plan);
      const actual = await search(new HashedDecoder(40, salt, best), plan);
      const scoreless = (all: typeof actual): unknown =>
        all.map((rows) => rows.map(({ score: _, ...row }) => row));
      expect(scoreless(actual)).toEqual(scoreless(expected));
      for (const [i, { score = 0 }] of actual.flat().entries())
        expect(score).toBeCloseTo(expected.flat()[i].score ?? 0, 5);
    }),
    { numRuns: 300 },
  );
});
