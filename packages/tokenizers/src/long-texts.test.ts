// Long texts: small steps, linear time whatever they are, aborts.
import { eventLoopTurn } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { ownFiles } from './goldens.testing.ts';
import { tokenizerFromFiles, type Encoding, type Tokenizer } from './index.ts';

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

const isWhole = process.env.ATTN_SUITE === 'whole';

/** UTF-16 units of a long text: what is quadratic in it takes minutes, in half of it half a minute. */
const LENGTH = isWhole ? 200_000 : 100_000;

describe.each(IDS)('%s', (id) => {
  const tokenizer = tokenizerFromFiles(ownFiles(id));

  test('steps are many, and say how far they are', () => {
    const text = 'Call me Ishmael. Some years ago, never mind how long precisely. '.repeat(4_000);
    const { done, encoding } = stepped(tokenizer, text);
    expect(done.length).toBeGreaterThan(100);
    expect(done.toSorted((a, b) => a - b)).toEqual(done);
    expect(done.at(-1)).toBe(text.length);
    expect(encoding.ids).toEqual(tokenizer.encode(text).ids);
  });

  test.each(Object.entries(TEXTS))(
    'a long text of %s takes linear time, and no step does much',
    (_, part) => {
      const text = part.repeat(LENGTH / part.length);
      const { done, encoding, longest, all } = stepped(tokenizer, text);
      // All passes over the text before the first token, and each column after the last one.
      expect(done.filter((units) => units === 0).length).toBeGreaterThan(text.length / 16_384);
      expect(done.length).toBeGreaterThan(text.length / 8_192 + encoding.ids.length / 8_192);
      expect(mostTokens(done, encoding)).toBeLessThan(30_000);
      // A busy machine takes ten times as long as an idle one.
      expect(longest).toBeLessThan(1_000);
      // What is quadratic takes minutes.
      expect(all).toBeLessThan(8_000);
    },
  );
});

/** How a text was encoded in steps. */
interface Steps {
  readonly done: readonly number[];
  readonly encoding: Encoding;
  readonly longest: number;
  readonly all: number;
}

/** The steps of a text: how far each came, and the milliseconds of the longest one and of all. */
function stepped(tokenizer: Tokenizer, text: string): Steps {
  const steps = tokenizer.encodeSteps(text);
  const done: number[] = [];
  let [longest, all] = [0, 0];
  for (;;) {
    const start = performance.now();
    const step = steps.next();
    const passed = performance.now() - start;
    longest = Math.max(longest, passed);
    all += passed;
    if (step.done) return { done, encoding: step.value, longest, all };
    done.push(step.value);
  }
}

/** The most tokens that one step came to the end of. */
function mostTokens(done: readonly number[], { offsets }: Encoding): number {
  const ends = offsets.flatMap((span) => (span === null ? [] : [span[1]]));
  let [most, passed] = [0, 0];
  for (const units of new Set(done)) {
    const before = passed;
    while (passed < ends.length && ends[passed] <= units) passed += 1;
    most = Math.max(most, passed - before);
  }
  return most;
}

/** Units beyond which V8's regular expressions give up on a run of ideographs in the text itself. */
const BEYOND_REGEX = 4_400_000;

/**
 * Characters of runs. By default only the first, on the tokenizer that splits by a regular expression of its
 * file.
 */
const RUNS: readonly (readonly [string, string])[] = [
  ['ideographs', '鲸'],
  ['ideographs of two units', '𠀀'],
  ['emoji', '🐋'],
  ['letters', 'a'],
];

test.each(isWhole ? RUNS : RUNS.slice(0, 1))('4,400,000 units of %s without any space', (_, character) => {
  const text = character.repeat(BEYOND_REGEX / character.length);
  for (const id of isWhole ? ['qwen', 'bert-default'] : ['qwen']) {
    const tokenizer = tokenizerFromFiles(ownFiles(id));
    const { ids, offsets } = tokenizer.encode(text);
    expect(offsets.findLast((span) => span !== null)?.[1], id).toBe(text.length);
    expect(new Set(ids), id).toEqual(new Set(tokenizer.encode(text.slice(0, 1_000)).ids));
  }
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

  test.each(['longformer-plain', 'bert-default', 'xlm-roberta', 'gemma'])(
    'of %s is aborted at any moment, by the next turn of the event loop',
    async (id) => {
      const own = tokenizerFromFiles(ownFiles(id));
      // How many turns a whole call takes; it is aborted in some of them.
      for (let turn = 1, isOver = false; !isOver; turn += 3) {
        const controller = new AbortController();
        let outcome: unknown;
        void own.encodeAsync(novel, { maxLength: 4_096, signal: controller.signal }).then(
          () => (outcome = 'done'),
          (error: unknown) => (outcome = error),
        );
        for (let n = 0; n < turn; n++) await eventLoopTurn();
        isOver = outcome === 'done';
        controller.abort();
        const start = performance.now();
        await eventLoopTurn();
        await eventLoopTurn();
        expect(performance.now() - start).toBeLessThan(1_000);
        if (!isOver) expect(outcome).toMatchObject({ code: 'ABORTED' });
        expect(turn).toBeLessThan(1_000);
      }
    },
  );

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
