// Beam search against its definition, written with sorted lists, on random networks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { searchBeams } from './beam-search.ts';
import { HashedDecoder } from './hashed-decoder.testing.ts';
import { logSoftmax } from './log-softmax.ts';
import { Processors, type ScoreRules } from './processors.ts';
import { NO_RULES } from './processors.testing.ts';
import type { BeamRules } from './search.ts';

interface Row {
  readonly ids: readonly number[];
  readonly score: number;
}

/** The definition, for one prompt. `ended` are finished rows, the best first. */
function defined(
  network: HashedDecoder,
  prompt: readonly number[],
  rules: ScoreRules,
  { beams, lengthPenalty, earlyStopping }: BeamRules,
): readonly Row[] {
  const { eos, promptLength: prompted, maxLength } = rules;
  const processors = new Processors(rules, network.vocabSize);
  let running: readonly Row[] = Array.from({ length: beams }, (_, i) => ({
    ids: prompt,
    score: i === 0 ? 0 : -1e9,
  }));
  let ended: readonly Row[] = [];
  let hope = true;
  for (let length = prompted; length < maxLength && hope; length++) {
    if (earlyStopping === true && ended.length === beams) break;
    const candidates = running
      .flatMap(({ ids, score }) => {
        const scores = new Float32Array(network.vocabSize);
        logSoftmax(network.logits(ids), scores);
        processors.process(scores, Int32Array.from(ids), length);
        return Array.from(scores, (own, id) => ({ ids: [...ids, id], score: Math.fround(own + score) }));
      })
      .toSorted((a, b) => b.score - a.score || 0)
      .slice(0, (1 + Math.max(1, eos.length)) * beams);
    const hits = ({ ids }: Row): boolean => ids.length === maxLength || eos.includes(ids[ids.length - 1]);
    const scale = Math.fround((length + 1 - prompted) ** lengthPenalty);
    const entering = candidates.slice(0, beams).filter(hits);
    ended = [...ended, ...entering.map(({ ids, score }) => ({ ids, score: Math.fround(score / scale) }))]
      .filter(({ score }) => score > -1e9)
      .toSorted((a, b) => b.score - a.score)
      .slice(0, beams);
    running = candidates.filter((row) => !hits(row)).slice(0, beams);
    const most = earlyStopping === 'never' && lengthPenalty > 0 ? maxLength : length + 1;
    const worst = ended.length === beams ? ended[beams - 1].score : -1e9;
    hope = running.length > 0 && running[0].score / (most - prompted) ** lengthPenalty > worst;
  }
  return ended;
}

test('finds the rows of the definition, for prompts alone and together', async () => {
  const options = fc.record({
    beams: fc.integer({ min: 2, max: 5 }),
    lengthPenalty: fc.constantFrom(-1, 0, 0.6, 1, 2),
    earlyStopping: fc.constantFrom<(boolean | 'never')[]>(true, false, 'never'),
  });
  const rest = fc.record({
    vocab: fc.integer({ min: 12, max: 40 }),
    salt: fc.integer(),
    maxLength: fc.integer({ min: 3, max: 12 }),
    minLength: fc.integer({ min: 0, max: 6 }),
    noRepeatNgramSize: fc.integer({ min: 0, max: 3 }),
    eos: fc.constantFrom<(readonly number[])[]>([1], [1, 2], []),
    prompts: fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(options, rest, async (choice, { vocab, salt, prompts, ...own }) => {
      const rules: ScoreRules = {
        ...NO_RULES,
        repetitionPenalty: 1.2,
        badWords: [[3, 4]],
        forcedEos: own.eos.slice(0, 1),
        suppressed: [5],
        promptLength: 2,
        ...own,
      };
      const network = new HashedDecoder(vocab, salt);
      const search = searchBeams(network, prompts, { rules, returned: choice.beams }, choice);
      if (prompts.some((prompt) => defined(network, prompt, rules, choice).length === 0)) {
        await expect(search).rejects.toThrow('the rules leave no token that a text could go on with');
        return;
      }
      const results = await search;
      expect(network.steps).toBeLessThanOrEqual(own.maxLength - 2);
      for (const [i, prompt] of prompts.entries()) {
        const expected = defined(network, prompt, rules, choice);
        const rows = results[i].map(({ ids, score }) => ({ ids: [...prompt, ...ids], score }));
        // Of equal scores, any may be first.
        expect(rows.map(({ score }) => score)).toEqual(expected.map(({ score }) => score));
        const [alone] = await searchBeams(
          new HashedDecoder(vocab, salt),
          [prompt],
          { rules, returned: 1 },
          choice,
        );
        expect(alone[0].score).toBe(expected[0].score);
        if (new Set(expected.map(({ score }) => score)).size === expected.length)
          expect(rows).toEqual(expected);
      }
    }),
    { numRuns: 300 },
  );
});

test('a text that no token can go on with is an error', async () => {
  const rules = {
    ...NO_RULES,
    suppressed: [5],
    promptLength: 2,
    maxLength: 12,
    noRepeatNgramSize: 1,
    eos: [],
  };
  const choice = { beams: 2, lengthPenalty: -1, earlyStopping: true } as const;
  const search = searchBeams(new HashedDecoder(12, 0), [[0, 1]], { rules, returned: 1 }, choice);
  await expect(search).rejects.toThrow(
    'the rules leave no token that a text could go on with, with at most 12 tokens',
  );
});
