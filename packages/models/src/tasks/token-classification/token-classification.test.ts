/** `token-classification` beside the original pipelines. */
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
import type { Entity, TokenClassificationOptions } from './index.ts';

/** An entity as the files have it. Its places are in code points, and beside in UTF-16 units. */
interface GoldenEntity {
  readonly entity?: string;
  readonly entity_group?: string;
  /** The name without B-, I-, E- or S- only, where that of the original lacks more. */
  readonly entity_group_js?: string;
  readonly score: number;
  readonly index?: number;
  readonly word?: string;
  readonly start_utf16: number;
  readonly end_utf16: number;
}

const folders = taskFolders('token-classification');

describe.each(TASK_BACKENDS)('on %s', (backend) => {
  let attn: Attn;
  beforeAll(async () => {
    attn = await attnOn(backend);
  });
  afterAll(() => attn.dispose());

  describe.each(folders)('$name', ({ path, cases }) => {
    let classify: Pipeline<'token-classification'>;
    beforeAll(async () => {
      classify = await pipeline('ner', path, { attn });
    });
    afterAll(() => classify.dispose());

    test.each(cases)('$id', async (golden) => {
      const answer = await classify(golden.input as { readonly text: string }, optionsOf(golden));
      expectEntities(answer, golden);
    });

    test('many together', async () => {
      const alike = cases.filter(({ options }) => Object.keys(options).length === 0);
      const texts = alike.map(({ input }) => input.text as string);
      const answers = await classify(texts, { truncation: true });
      expect(answers).toHaveLength(alike.length);
      alike.forEach((golden, i) => expectEntities(answers[i], golden));
    });
  });
});

function optionsOf({ options }: TaskCase): TokenClassificationOptions {
  return { ...(options as TokenClassificationOptions), truncation: true };
}

function expectEntities(got: readonly Entity[], { input, text, expected }: TaskCase): void {
  const whole = (text ?? input.text) as string;
  const entities = expected as readonly GoldenEntity[];
  const labelled = got.map((each) => [each.entity ?? each.entity_group, each.index, each.start, each.end]);
  expect(labelled).toEqual(
    entities.map((each) => [
      each.entity ?? each.entity_group_js ?? each.entity_group,
      each.index,
      each.start_utf16,
      each.end_utf16,
    ]),
  );
  for (const [i, { score, word }] of entities.entries()) {
    expect(Math.abs(got[i].score - score), `score ${i}`).toBeLessThan(SCORE_TOLERANCE);
    if (word === undefined || /[^\0-\x7F]/.test(word + whole.slice(got[i].start, got[i].end))) continue;
    expect(got[i].word.trim(), `word ${i}`).toBe(word.replace(/^Ġ/, '').trim());
  }
}
