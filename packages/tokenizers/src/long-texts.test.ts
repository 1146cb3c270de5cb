// Long texts: small steps, linear time whatever they are, aborts.
import { eventLoopTurn } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { ownFiles } from './goldens.testing.ts';
import { tokenizerFromFiles, type Encoding } from './index.ts';

const IDS = ['longformer-plain', 'bert-default', 'xlm-roberta', 'reformer-plain', 'qwen', 'gemma', 't5'];

/** Texts in which some part of a tokenizer finds one long word, or one long run. */
const TEXTS: Readonly<Record<string, string>> = {
  letters: 'abcdefghij',
  a: 'a',
  spaces: ' ',
  breaks: '\n ',
  ideographs: '鲸鱼在海里游泳我们看见了它',
  marks: '\u0301\u0323',
  emoji: '👨‍👩‍👧🐋',
  underscores: '▁',
  'special tokens': '<mask> [MASK] ',
};

describe.each(IDS)('%s', (id) => {
  const tokenizer = tokenizerFromFiles(ownFiles(id));

  test.each(Object.entries(TEXTS))('a long text of %s takes linear time', (_, part) => {
    const time = (length: number) => {
      const text = part.repeat(length / part.length);
      const start = performance.now();
      tokenizer.encode(text);
      return performance.now() - start;
    };
    time(1_000);
    // What is quadratic takes a second for the first of these, and a minute for the second.
    expect(time(50_000)).toBeLessThan(2_000);
    expect(time(200_000)).toBeLessThan(8_000);
  });

  test('steps are many, and say how far they are', () => {
    const text = 'Call me Ishmael. Some years ago, never mind how long precisely. '.repeat(4_000);
    const steps = tokenizer.encodeSteps(text);
    const done: number[] = [];
    let encoding: Encoding | undefined;
    while (encoding === undefined) {
      const step = steps.next();
      if (step.done) encoding = step.value;
      else done.push(step.value);
    }
    expect(done.length).toBeGreaterThan(100);
    expect(done.toSorted((a, b) => a - b)).toEqual(done);
    expect(done.at(-1)).toBe(text.length);
    expect(encoding.ids).toEqual(tokenizer.encode(text).ids);
  });
});

describe('asynchronous encoding', () => {
  const tokenizer = tokenizerFromFiles(ownFiles('longformer-plain'));
  const novel = 'The whale, the whale! Up helm, up helm! '.repeat(25_000);

  test('lets the event loop turn', async () => {
    let turns = 0;
    let isOver = false;
    const turning = (async () => {
      for (; !isOver; turns++) await eventLoopTurn();
    })();
    const encoding = await tokenizer.encodeAsync(novel);
    isOver = true;
    await turning;
    expect(turns).toBeGreaterThan(2);
    expect(encoding.ids).toEqual(tokenizer.encode(novel).ids);
  });

  test('is aborted on the way', async () => {
    const controller = new AbortController();
    const call = tokenizer.encodeAsync(novel, { maxLength: 4_096, signal: controller.signal });
    await eventLoopTurn();
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('is not begun when it has been aborted', async () => {
    const call = tokenizer.encodeAsync('a', { signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('many calls at once do not disturb each other', async () => {
    const texts = [
      '鲸鱼在海里'.repeat(3_000),
      'whale'.repeat(9_000),
      novel.slice(0, 50_000),
      'a b '.repeat(9_000),
    ];
    const encodings = await Promise.all(texts.map((text) => tokenizer.encodeAsync(text)));
    expect(encodings.map(({ ids }) => ids)).toEqual(texts.map((text) => tokenizer.encode(text).ids));
  });
});

test('a word is tokenized as a long one as it is as a short one', () => {
  for (const id of IDS) {
    const tokenizer = tokenizerFromFiles(ownFiles(id));
    const short = tokenizer.encode('whale鲸鱼🐋', { addSpecialTokens: false });
    // Between two parts that nothing joins; a long text of them goes other ways through the code.
    const parts = Array.from({ length: 2_000 }, () => 'whale鲸鱼🐋').join(' ');
    const long = tokenizer.encode(parts, { addSpecialTokens: false });
    expect(long.ids.slice(0, short.ids.length), id).toEqual(short.ids);
    expect(long.offsets.slice(0, short.ids.length), id).toEqual(short.offsets);
  }
});
