// What runs together, who waits for whom, and whose error is whose.
import { AttnError } from '@attn/core';
import { expect, test, vi } from 'vitest';
import { Batcher, type Lane, type QueuedInput } from './batcher.ts';

const { signal } = new AbortController();
const inputsOf = (...texts: string[]): readonly QueuedInput[] =>
  texts.map((text) => ({ input: { text, tokens: { ids: [] }, prompt: '' }, tokens: text.length }));
const textOf = (input: QueuedInput['input']): string => ('text' in input ? input.text : '');

/** A lane that answers with the length of each text, and what ran together in it. */
function lane(key = 'a') {
  const runs: string[][] = [];
  const release: (() => void)[] = [];
  const own: Lane = {
    key,
    async run(queued, stop) {
      const inputs = queued.map(textOf);
      runs.push(inputs);
      if (inputs.includes('wait'))
        await new Promise<void>((resolve) => {
          release.push(resolve);
          stop.addEventListener('abort', () => resolve());
        });
      if (stop.aborted) throw new AttnError('ABORTED', 'test', 'stopped');
      if (inputs.includes('wrong')) throw new AttnError('INVALID_ARGUMENT', 'test', 'wrong text');
      if (inputs.includes('broken')) throw new Error('broken');
      return inputs.map((input) => ({ values: Float32Array.of(input.length), tokens: 1 }));
    },
  };
  return { lane: own, runs, release };
}

const RULES = { gatherMs: 1, batchInputs: 4, batchTokens: 1_000, maxQueue: 12, batchesAtOnce: 1 };
const batcher = (rules: object = {}) => new Batcher({ ...RULES, ...rules }, { onBatch: () => {} });
const valuesOf = async (answers: ReturnType<Batcher['submit']>): Promise<number[]> =>
  (await answers).map(({ values }) => values[0]);

test('requests run together, in turns, and each has its own answers in order', async () => {
  const { lane: own, runs } = lane();
  const queue = batcher();
  const large = queue.submit(own, inputsOf('a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff'), signal);
  const small = queue.submit(own, inputsOf('ggggggg'), signal);
  const answers = await Promise.all([valuesOf(large), valuesOf(small)]);
  expect(answers).toEqual([[1, 2, 3, 4, 5, 6], [7]]);
  expect(runs).toEqual([
    ['a', 'ggggggg', 'bb', 'ccc'],
    ['dddd', 'eeeee', 'ffffff'],
  ]);
  expect(queue.waiting).toBe(0);
  await vi.waitFor(() => expect(queue.isIdle).toBe(true));
});

test('other lanes and more tokens run by themselves', async () => {
  const [first, other] = [lane('a'), lane('b')];
  const queue = batcher({ batchTokens: 3 });
  await Promise.all([
    queue.submit(first.lane, inputsOf('aa', 'b', 'c'), signal),
    queue.submit(other.lane, inputsOf('d'), signal),
  ]);
  expect([first.runs, other.runs]).toEqual([[['aa', 'b'], ['c']], [['d']]]);
  expect(await queue.submit(first.lane, [], signal)).toEqual([]);
});

test('a model with workers runs several batches at once, and no more than that', async () => {
  const { lane: own, runs, release } = lane();
  const queue = batcher({ batchesAtOnce: 2 });
  const submit = (text: string) => valuesOf(queue.submit(own, inputsOf('wait', text), signal));
  const answers = [submit('a')];
  await vi.waitFor(() => expect(runs).toHaveLength(1));
  answers.push(submit('bb'));
  await vi.waitFor(() => expect(runs).toHaveLength(2));
  answers.push(submit('ccc'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(runs).toEqual([
    ['wait', 'a'],
    ['wait', 'bb'],
  ]);
  while (runs.length < 3 || release.length > 0) {
    release.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(await Promise.all(answers)).toEqual([
    [4, 1],
    [4, 2],
    [4, 3],
  ]);
  await vi.waitFor(() => expect(queue.isIdle).toBe(true));
});

test('beyond the queue requests are refused, and the queue goes on', async () => {
  const queue = batcher();
  const waiting = queue.submit(lane().lane, inputsOf(...Array<string>(12).fill('a')), signal);
  await expect(queue.submit(lane().lane, inputsOf('b'), signal)).rejects.toMatchObject({
    statusCode: 429,
    details: { retryAfter: 1 },
  });
  expect(await waiting).toHaveLength(12);
});

test('a wrong input is the error of its request alone, a broken run that of all', async () => {
  const { lane: own, runs } = lane();
  const queue = batcher();
  const outcomes = await Promise.allSettled(
    [['a'], ['wrong', 'b'], ['c']].map((texts) => valuesOf(queue.submit(own, inputsOf(...texts), signal))),
  );
  expect(outcomes).toMatchObject([{ value: [1] }, { reason: { code: 'INVALID_ARGUMENT' } }, { value: [1] }]);
  expect(runs).toHaveLength(4);
  const broken = await Promise.allSettled(
    ['a', 'broken'].map((text) => queue.submit(own, inputsOf(text), signal)),
  );
  expect(broken.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await valuesOf(queue.submit(own, inputsOf('a'), signal))).toEqual([1]);
});

test('who goes leaves the queue; a run ends when nobody waits for any of it', async () => {
  const { lane: own, runs, release } = lane();
  const queue = batcher();
  const [leaving, two, three] = [new AbortController(), new AbortController(), new AbortController()];
  const first = queue.submit(own, inputsOf('wait'), leaving.signal);
  const second = queue.submit(own, inputsOf('b'), two.signal);
  while (runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const third = queue.submit(own, inputsOf('c'), three.signal);
  three.abort();
  await expect(third).rejects.toMatchObject({ code: 'ABORTED' });
  leaving.abort();
  await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
  release[0]();
  expect(await valuesOf(second)).toEqual([1]);

  const [four] = [new AbortController()];
  const alone = queue.submit(own, inputsOf('wait'), four.signal);
  while (runs.length === 1) await new Promise((resolve) => setTimeout(resolve, 1));
  four.abort(); // the lane sees it: nobody releases this run
  await expect(alone).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await valuesOf(queue.submit(own, inputsOf('a'), signal))).toEqual([1]);
  expect(runs).toEqual([['wait', 'b'], ['wait'], ['a']]);
  await expect(queue.submit(own, inputsOf('a'), AbortSignal.abort())).rejects.toMatchObject({
    code: 'ABORTED',
  });
});
