/** Greedy search and sampling: each row takes one token a step, whatever the others take. */
import { ENDED, type Decoder } from './decoder.ts';
import { likeliest } from './log-softmax.ts';
import { Sampler, uniform } from './sampling.ts';
import {
  StepScores,
  type FoundRow,
  type SearchPrompt,
  type SearchRules,
  type SearchWatch,
} from './search.ts';
import { rowsOfPrompts, TokenRows } from './token-rows.ts';

/** What draws of other rows of a prompt are seeded with, apart from the seed. */
const GOLDEN_RATIO = 0x9e3779b9;

/**
 * Continues prompts. The rows of a prompt draw apart from each other, and from those of other prompts.
 * Returns the rows of each prompt. Errors: `RUN_FAILED` (no logit is a number), those of the decoder.
 */
export async function searchTokens(
  decoder: Decoder,
  prompts: readonly SearchPrompt[],
  { choice, rules, returned }: SearchRules,
  { onStep, onToken, onScores }: SearchWatch = {},
): Promise<readonly (readonly FoundRow[])[]> {
  const begins = rowsOfPrompts(prompts, returned);
  const count = begins.length;
  const rows = new TokenRows(begins);
  const vocab = decoder.vocabSize;
  const scores = new StepScores(rules, prompts, { perPrompt: returned, vocab, isLog: false });
  const choose = chooserOf(choice, count, returned, vocab);
  const tokens = new Int32Array(count);
  const sources = Int32Array.from(tokens, (_, row) => row);
  const starts = Int32Array.from(tokens, (_, row) => Math.floor(row / returned));
  const ends: (FoundRow['end'] | undefined)[] = new Array(count).fill(undefined);
  const hasEnded = (row: number): boolean => ends[row] !== undefined;
  const isRunning = (prompt: number): boolean =>
    ends.slice(prompt * returned, (prompt + 1) * returned).includes(undefined);
  for (let step = 0; ends.includes(undefined); step++) {
    onStep?.(isRunning);
    const logits =
      step === 0
        ? await decoder.start(prompts.map(({ ids }) => ids))
        : await decoder.step(tokens, step === 1 ? starts : sources);
    scores.read(logits, rows, step === 0, hasEnded);
    onScores?.(scores.rows);
    for (let row = 0; row < count; row++) {
      if (hasEnded(row)) continue;
      const id = scores.tokenAt(row, choose(scores.rows[row], row));
      tokens[row] = id;
      const stops = onToken?.(id, row) === true;
      if (stops || rules.eos.includes(id)) ends[row] = 'stop';
      else if (rows.lengths[row] + 1 === begins[row].maxLength) ends[row] = 'length';
    }
    rows.extend(tokens, sources);
    for (let row = 0; row < count; row++) if (hasEnded(row)) tokens[row] = ENDED;
  }
  const results = rows.rows.map((row, i): FoundRow => {
    const ids = Array.from(row.subarray(begins[i].ids.length, rows.lengths[i]));
    return { ids, end: ends[i] ?? 'length' };
  });
  return prompts.map((_, i) => results.slice(i * returned, (i + 1) * returned));
}

/** Chooses a place among the scores of a row. */
function chooserOf(
  choice: SearchRules['choice'],
  count: number,
  returned: number,
  vocabSize: number,
): (scores: Float32Array, row: number) => number {
  if (choice.kind !== 'sample') return likeliest;
  const sampler = new Sampler(choice, vocabSize);
  const randoms = Array.from({ length: count }, (_, row) =>
    uniform(choice.seed ^ Math.imul(row % returned, GOLDEN_RATIO)),
  );
  return (scores, row) => sampler.draw(scores, randoms[row]());
}
