/** `question-answering` beside the original pipelines. */
import type { Attn } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pipeline } from '../../node.ts';
import {
  attnOn,
  SCORE_TOLERANCE,
  TASK_BACKENDS,
  taskFolders,
  type TaskCase,
} from '../golden-tasks.testing.ts';
import type { Pipeline } from '../pipeline.ts';
import type { QuestionInput } from './input.ts';
import type { QuestionAnsweringOptions } from './options.ts';
import { expectAnswers, type GoldenAnswers } from './goldens.testing.ts';

const folders = taskFolders('question-answering');

const inputOf = ({ input }: TaskCase) => input as unknown as QuestionInput;
const expectedOf = ({ expected }: TaskCase) => expected as GoldenAnswers;

describe.each(TASK_BACKENDS)('on %s', (backend) => {
  let attn: Attn;
  beforeAll(async () => {
    attn = await attnOn(backend);
  });
  afterAll(() => attn.dispose());

  describe.each(folders)('$name', ({ path, cases }) => {
    let ask: Pipeline<'question-answering'>;
    beforeAll(async () => {
      ask = await pipeline('question-answering', path, { attn });
    });
    afterAll(() => ask.dispose());

    test.each(cases)('$id', async (golden) => {
      const options = golden.options as QuestionAnsweringOptions;
      const { question, context } = inputOf(golden);
      const answer = await ask(question, context, { ...options, truncation: true });
      expect(Array.isArray(answer)).toBe((options.top_k ?? 1) > 1);
      expectAnswers(answer, context, expectedOf(golden), SCORE_TOLERANCE);
    });

    test('many together', async () => {
      const plain = cases.filter(({ options }) => Object.keys(options).length === 0);
      const shuffled = [...plain, ...plain, ...plain];
      const answers = await ask(shuffled.map(inputOf), { truncation: true });
      expect(answers).toHaveLength(shuffled.length);
      for (const [i, golden] of shuffled.entries())
        expectAnswers(answers[i], inputOf(golden).context, expectedOf(golden), SCORE_TOLERANCE);
    });
  });
});
