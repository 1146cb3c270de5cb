// A search keeps its arrays from step to step: their memory does not grow.
import { expect, test } from 'vitest';
import { searchBeams } from './beam-search.ts';
import type { Decoder } from './decoder.ts';
import type { ScoreRules } from './processors.ts';
import type { BeamRules, Choice } from './search.ts';
import { searchTokens } from './token-search.ts';

const WORDS = 2_000;
const ROWS = 4;

/** A network whose logits are always in the same memory. */
class StillDecoder implements Decoder {
  readonly vocabSize = WORDS;
  readonly backends = new Set<string>();
  private readonly logits = Float32Array.from({ length: ROWS * WORDS }, (_, i) => Math.sin(i));

  async start(): Promise<Float32Array> {
    return this.logits;
  }

  async step(): Promise<Float32Array> {
    return this.logits;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const RULES: ScoreRules = {
  repetitionPenalty: 1.1,
  noRepeatNgramSize: 3,
  badWords: [[3, 4]],
  minLength: 20,
  minNewTokens: 0,
  forcedBos: undefined,
  forcedEos: [],
  suppressed: [5],
  suppressedFirst: [6],
  eos: [],
};
const PROMPTS = [{ ids: [2], maxLength: 1_000 }];

const BEAMS: BeamRules = { beams: ROWS, lengthPenalty: 1, earlyStopping: 'never' };
const CHOICES: readonly Choice[] = [
  { kind: 'greedy' },
  { kind: 'sample', temperature: 1, topK: 50, topP: 0.9, seed: 0 },
  { kind: 'sample', temperature: 1, topK: 0, topP: 0.9, seed: 0 },
  { kind: 'beams', ...BEAMS },
  { kind: 'beams', ...BEAMS, draws: { temperature: 1, topK: 50, topP: 0.9, seed: 0 } },
];

test.each(CHOICES)('$kind', async (choice) => {
  const bytes: number[] = [];
  const onStep = (): void => void bytes.push(process.memoryUsage().arrayBuffers);
  const plan = { choice, rules: RULES, returned: 1 };
  if (choice.kind === 'beams') await searchBeams(new StillDecoder(), PROMPTS, plan, choice, { onStep });
  else await searchTokens(new StillDecoder(), PROMPTS, plan, { onStep });
  expect(bytes).toHaveLength(999);
  // An array for each token of one step would already be more.
  expect(Math.max(...bytes.slice(2)) - bytes[2]).toBeLessThan(WORDS * 4 * 4);
});
