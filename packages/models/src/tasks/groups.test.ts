// Groups of a stream: how large they are, when they come, and what becomes of the source.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { groupsOf } from './groups.ts';

async function sizesOf(inputs: Iterable<unknown> | AsyncIterable<unknown>): Promise<readonly number[]> {
  const sizes: number[] = [];
  for await (const group of groupsOf(inputs)) sizes.push(group.length);
  return sizes;
}

test('many short inputs, few long ones', async () => {
  expect(await sizesOf([])).toEqual([]);
  expect(await sizesOf(Array.from({ length: 150 }, String))).toEqual([64, 64, 22]);
  const long = { question: 'a', context: 'b'.repeat(40_000) };
  expect(await sizesOf(['a', long, long, long, 'c'])).toEqual([3, 2]);
});

test('nothing is taken before it is needed', async () => {
  let used = 0;
  function* numbers(): Generator<string> {
    for (;;) yield String((used += 1));
  }
  const groups = groupsOf(numbers());
  await groups.next();
  expect(used).toBe(64);
  await groups.return();
  expect((await groups.next()).done).toBe(true);
  expect(used).toBe(64);
});

test('a source that waits for its answers gets them', async () => {
  const answered: string[] = [];
  async function* asking(): AsyncGenerator<string> {
    for (const question of ['a', 'b', 'c']) {
      yield question;
      while (!answered.includes(question)) await sleep(1);
    }
  }
  for await (const group of groupsOf(asking())) answered.push(...group);
  expect(answered).toEqual(['a', 'b', 'c']);
});

test('an error of the source, also behind a pause, ends the groups', async () => {
  async function* failing(): AsyncGenerator<string> {
    yield 'a';
    await sleep(80);
    throw new Error('the line is cut');
  }
  const sizes: number[] = [];
  const all = (async () => {
    for await (const group of groupsOf(failing())) {
      sizes.push(group.length);
      await sleep(60); // the source fails meanwhile
    }
  })();
  await expect(all).rejects.toThrow('the line is cut');
  expect(sizes).toEqual([1]);
});

test('a source is closed when nobody wants more, also while it is waiting', async () => {
  let isClosed = false;
  async function* source(isWaiting: boolean): AsyncGenerator<string> {
    try {
      yield 'a';
      if (isWaiting) await sleep(100);
      for (;;) yield 'b';
    } finally {
      isClosed = true;
    }
  }
  for (const isWaiting of [false, true]) {
    isClosed = false;
    const groups = groupsOf(source(isWaiting));
    await groups.next();
    await groups.return();
    if (isWaiting) await sleep(150);
    expect(isClosed).toBe(true);
  }
});
