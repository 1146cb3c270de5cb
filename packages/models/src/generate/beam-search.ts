/**
 * Beam search, as transformers has it since release 4.50: each prompt has K running rows, and K places for
 * rows that have ended. Sums of log probabilities are rounded to f32 as there, so that ties fall alike.
 */
import { AttnError } from '@attn/core';
import { BeamGroup } from './beam-group.ts';
import { ENDED, type Decoder } from './decoder.ts';
import {
  StepScores,
  type BeamRules,
  type FoundRow,
  type SearchPrompt,
  type SearchRules,
  type SearchWatch,
} from './search.ts';
import { rowsOfPrompts, TokenRows } from './token-rows.ts';

/**
 * Continues prompts with `choice.beams` rows each. Returns the best rows of each prompt, at most
 * `returned`, the best first. Errors: `RUN_FAILED` (no logit is a number; the rules leave no token before a
 * row ends), those of the decoder.
 */
export async function searchBeams(
  decoder: Decoder,
  prompts: readonly SearchPrompt[],
  { rules, returned }: Pick<SearchRules, 'rules' | 'returned'>,
  choice: BeamRules,
  { onStep, onScores, texts }: SearchWatch = {},
): Promise<readonly (readonly FoundRow[])[]> {
  const { beams } = choice;
  const vocab = decoder.vocabSize;
  const begins = rowsOfPrompts(prompts, beams);
  const rows = new TokenRows(begins);
  const origins = new TokenRows(
    begins.map(({ ids, maxLength }) => ({ ids: [], maxLength: maxLength - ids.length })),
  );
  const scores = new StepScores(rules, prompts, { perPrompt: beams, vocab, isLog: true });
  const groups = prompts.map(({ ids, maxLength }, i) => {
    const span = { promptLength: ids.length, maxLength };
    return new BeamGroup({ choice, rules, span, vocab, first: i * beams, texts });
  });
  const tokens = new Int32Array(begins.length);
  const sources = new Int32Array(begins.length);
  const steps = new Int32Array(begins.length);
  const starts = Int32Array.from(tokens, (_, row) => Math.floor(row / beams));
  const hasEnded = (row: number): boolean => groups[Math.floor(row / beams)].isDone;
  const isRunning = (prompt: number): boolean => !groups[prompt].isDone;
  for (let step = 0; groups.some(({ isDone }) => !isDone); step++) {
    onStep?.(isRunning);
    const logits =
      step === 0
        ? await decoder.start(prompts.map(({ ids }) => ids))
        : await decoder.step(tokens, step === 1 ? starts : sources);
    scores.read(logits, rows, step === 0, hasEnded);
    onScores?.(scores.rows);
    for (const group of groups) {
      if (!group.isDone) group.step(scores, rows, origins, { tokens, sources });
      if (group.isDone) group.rest({ tokens, sources });
    }
    for (const [row, token] of tokens.entries()) steps[row] = token === ENDED ? ENDED : sources[row];
    rows.extend(tokens, sources);
    origins.extend(steps, sources);
    texts?.extend(tokens, sources);
  }
  return groups.map((group, i) => {
    const best = group.found(returned);
    if (best.length > 0) return best;
    const message = `the rules leave no token that a text could go on with, with at most ${prompts[i].maxLength} tokens`;
    throw new AttnError('RUN_FAILED', 'models/generate', message);
  });
}
