// Beam search against its definition, written with sorted lists, on random networks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { searchBeams } from './beam-search.ts';
import { ENDED } from './decoder.ts';
import { HashedDecoder } from './hashed-decoder.testing.ts';
import { logSoftmax } from './log-softmax.ts';
import { Processors, type ScoreRules } from './processors.ts';
import { NO_RULES } from './processors.testing.ts';
import { uniform, type Draws } from './sampling.ts';
import type { BeamRules, RowTexts, SearchPrompt, SearchWatch } from './search.ts';

interface Row {
  readonly ids: readonly number[];
  readonly score: number;
}

/** The scores of a row that temperature, top-k and top-p leave; those of all others are -Infinity. */
function warped(
  scores: readonly number[],
  { temperature, topK, topP }: Draws,
  least: number,
): readonly number[] {
  const divided = scores.map((score) => Math.fround(score / temperature));
  const order = divided.map((_, id) => id).toSorted((a, b) => scores[b] - scores[a] || a - b);
  const first = topK === 0 ? order : order.slice(0, Math.max(topK, least));
  const most = divided[order[0]];
  const weights = first.map((id) => Math.exp(divided[id] - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const rest = first.filter((_, i) => {
    const isIn = topP === 1 || i < least || sum < topP * total;
    sum += weights[i];
    return isIn;
  });
  return divided.map((score, id) => (rest.includes(id) ? score : -Infinity));
}

/** Draws so many rows, none twice; where too few can be drawn, the best of the others follow. */
function drawn(rows: readonly Row[], count: number, random: () => number): readonly Row[] {
  const most = Math.max(...rows.map(({ score }) => score));
  const rest = rows.map((row) => ({ row, weight: Math.exp(row.score - most) }));
  const result: Row[] = [];
  while (result.length < count && rest.length > 0) {
    const total = rest.reduce((sum, { weight }) => sum + weight, 0);
    const threshold = random() * total;
    let sum = 0;
    let place = rest.findIndex(({ weight }) => weight > 0 && threshold < (sum += weight));
    if (place < 0) {
      const best = Math.max(...rest.map(({ row }) => row.score));
      place = rest.findIndex(({ row }) => row.score === best);
    }
    result.push(rest[place].row);
    rest.splice(place, 1);
  }
  return result;
}

/** The definition, for one prompt: the rows that have ended, the best first. */
function defined(
  network: HashedDecoder,
  { ids: prompt, maxLength }: SearchPrompt,
  rules: ScoreRules,
  { beams, lengthPenalty, earlyStopping, draws }: BeamRules,
): readonly Row[] {
  const { eos } = rules;
  const prompted = prompt.length;
  const processors = new Processors(rules, network.vocabSize);
  const least = 1 + Math.max(1, eos.length);
  const random = uniform(draws?.seed ?? 0);
  let running: readonly Row[] = Array.from({ length: beams }, (_, i) => ({
    ids: prompt,
    score: i === 0 ? 0 : -1e9,
  }));
  let ended: readonly Row[] = [];
  let hope = true;
  for (let length = prompted; length < maxLength && hope; length++) {
    if (earlyStopping === true && ended.length === beams) break;
    const continued = running.flatMap(({ ids, score }) => {
      const scores = new Float32Array(network.vocabSize);
      logSoftmax(network.logits(ids), scores);
      const span = { promptLength: prompted, maxLength };
      processors.process(scores, Int32Array.from(ids), length, span);
      const own = draws ? warped(Array.from(scores), draws, least) : Array.from(scores);
      return own.map((added, id) => ({ ids: [...ids, id], score: Math.fround(added + score) }));
    });
    const byScore = (rows: readonly Row[]): readonly Row[] => {
      const all = new Set(rows);
      return continued.filter((row) => all.has(row)).toSorted((a, b) => b.score - a.score || 0);
    };
    const candidates = draws
      ? drawn(continued, least * beams, random)
      : byScore(continued).slice(0, least * beams);
    const hits = ({ ids }: Row): boolean => ids.length === maxLength || eos.includes(ids[ids.length - 1]);
    const scale = Math.fround((length + 1 - prompted) ** lengthPenalty);
    const entering = candidates.slice(0, beams).filter(hits);
    ended = [...ended, ...entering.map(({ ids, score }) => ({ ids, score: Math.fround(score / scale) }))]
      .filter(({ score }) => score > -1e9)
      .toSorted((a, b) => b.score - a.score)
      .slice(0, beams);
    running = byScore(candidates)
      .filter((row) => !hits(row))
      .slice(0, beams);
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
    draws: fc.option(
      fc.record({
        temperature: fc.constantFrom(0.5, 1, 2),
        topK: fc.constantFrom(0, 1, 4, 20),
        topP: fc.constantFrom(0.3, 0.9, 1),
        seed: fc.nat(),
      }),
      { nil: undefined },
    ),
  });
  const rest = fc.record({
    vocab: fc.integer({ min: 12, max: 40 }),
    salt: fc.integer(),
    minLength: fc.integer({ min: 0, max: 6 }),
    noRepeatNgramSize: fc.integer({ min: 0, max: 3 }),
    eos: fc.constantFrom<(readonly number[])[]>([1], [1, 2], []),
    prompts: fc.array(
      fc.record({
        ids: fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }),
        added: fc.integer({ min: 1, max: 10 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(options, rest, async (choice, { vocab, salt, prompts: all, ...own }) => {
      const prompts = all.map(({ ids, added }) => ({ ids, maxLength: ids.length + added }));
      const rules: ScoreRules = {
        ...NO_RULES,
        repetitionPenalty: 1.2,
        badWords: [[3, 4]],
        forcedEos: own.eos.slice(0, 1),
        suppressed: [5],
        ...own,
      };
      const network = new HashedDecoder(vocab, salt);
      const search = searchBeams(network, prompts, { rules, returned: choice.beams }, choice);
      if (prompts.some((prompt) => defined(network, prompt, rules, choice).length === 0)) {
        await expect(search).rejects.toThrow('the rules leave no token that a text could go on with');
        return;
      }
      const results = await search;
      expect(network.steps).toBeLessThanOrEqual(Math.max(...all.map(({ added }) => added)));
      for (const [i, prompt] of prompts.entries()) {
        const expected = defined(network, prompt, rules, choice);
        const rows = results[i].map(({ ids, score }) => ({ ids: [...prompt.ids, ...ids], score }));
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
    noRepeatNgramSize: 1,
    eos: [],
  };
  const choice = { beams: 2, lengthPenalty: -1, earlyStopping: true } as const;
  const search = searchBeams(
    new HashedDecoder(12, 0),
    [{ ids: [0, 1], maxLength: 12 }],
    { rules, returned: 1 },
    choice,
  );
  await expect(search).rejects.toThrow(
    'the rules leave no token that a text could go on with, with at most 12 tokens',
  );
});

test('draws as often as it should: rows of a step by their probability, none twice', async () => {
  const network = new HashedDecoder(4, 11);
  const scores = new Float32Array(4);
  logSoftmax(network.logits([3]), scores);
  const shares = Array.from(scores, Math.exp);
  // Of the first step all rows are alike, so four continuations of one row are drawn; two of them go on, and
  // with them nothing but the first two may end.
  const counts = new Map<string, number>();
  const times = 4000;
  for (let seed = 0; seed < times; seed++) {
    const draws = { temperature: 1, topK: 0, topP: 1, seed };
    const choice = { beams: 2, lengthPenalty: 1, earlyStopping: false, draws } as const;
    const plan = { rules: { ...NO_RULES, eos: [] }, returned: 2 };
    const [rows] = await searchBeams(new HashedDecoder(4, 11), [{ ids: [3], maxLength: 2 }], plan, choice);
    expect(rows.map(({ score }) => score)).toEqual(
      rows.map(({ score = 0 }) => score).toSorted((a, b) => b - a),
    );
    const key = rows
      .map(({ ids: [id] }) => id)
      .toSorted((a, b) => a - b)
      .join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (let a = 0; a < 4; a++) {
    for (let b = a + 1; b < 4; b++) {
      const share = (shares[a] * shares[b]) / (1 - shares[a]) + (shares[b] * shares[a]) / (1 - shares[b]);
      expect((counts.get(`${a},${b}`) ?? 0) / times).toBeCloseTo(share, 1.5);
    }
  }
});

test('a text ends a beam', async () => {
  // The text of a token is its number; the text of a row ends before "7".
  const texts = (count: number): RowTexts => {
    let rows: readonly (readonly number[])[] = new Array<readonly number[]>(count).fill([]);
    return {
      ends: (row, token) => {
        expect(rows[row]).not.toContain(7);
        return token === 7;
      },
      extend(tokens, sources) {
        rows = Array.from(tokens, (token, i) => (token === ENDED ? rows[i] : [...rows[sources[i]], token]));
      },
    };
  };
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.constantFrom<(boolean | 'never')[]>(true, false, 'never'),
      async (salt, early) => {
        const choice = { beams: 3, lengthPenalty: 1, earlyStopping: early };
        const prompts = [{ ids: [3], maxLength: 8 }];
        const search = (eos: readonly number[], watch: SearchWatch): ReturnType<typeof searchBeams> =>
          searchBeams(
            new HashedDecoder(20, salt),
            prompts,
            { rules: { ...NO_RULES, eos }, returned: 3 },
            choice,
            watch,
          );
        // A token that ends rows ends them as its text does.
        const [expected, got] = await Promise.all([search([7], {}), search([], { texts: texts(3) })]);
        expect(got).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});
