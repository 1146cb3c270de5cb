/** The first helper, which shows whether helpers start. The test plays it. */
import { expect, test, vi } from 'vitest';
import { FirstHelper } from './first-helper.ts';
import type { StartThread, Thread, ThreadEvents } from './threads.ts';

/** Starts threads that do what the test says. */
function player(play: (events: ThreadEvents) => void) {
  const started: { readonly thread: Thread; readonly events: ThreadEvents }[] = [];
  const terminate = vi.fn(async () => {});
  const start: StartThread = (events) => {
    const thread: Thread = { post: () => {}, ref: () => {}, unref: () => {}, terminate };
    started.push({ thread, events });
    play(events);
    return thread;
  };
  return { start, started, terminate };
}

test('that is ready is handed over once, with what becomes of it', async () => {
  const { start, started } = player(({ onMessage }) => setTimeout(() => onMessage?.('ready'), 1));
  const first = new FirstHelper(start);
  expect(await Promise.all([first.whyNot(1000), first.whyNot(1000)])).toEqual([undefined, undefined]);
  expect(started.length).toBe(1);
  const onDeath = vi.fn();
  expect(first.start({ onDeath })).toBe(started[0].thread);
  started[0].events.onDeath('the test ended it');
  expect(onDeath).toHaveBeenCalledWith('the test ended it');
  expect(first.start({ onDeath })).toBe(started[1].thread);
});

test.each([
  ['dies', ({ onDeath }: ThreadEvents) => void setTimeout(() => onDeath('no such file'), 1), 'no such file'],
  ['says nothing', () => {}, 'none was ready after 0.02 s'],
  [
    'is refused',
    () => {
      throw new Error('not here');
    },
    'not here',
  ],
])('that %s is the reason', async (_title, play, reason) => {
  const { start, started } = player(play);
  const first = new FirstHelper(start);
  expect(await first.whyNot(20)).toBe(reason);
  expect(await first.whyNot(20)).toBe(reason);
  expect(started.length).toBe(1);
});

test('that dies before anybody takes it is not handed over', async () => {
  const { start, started } = player(({ onMessage }) => onMessage?.('ready'));
  const first = new FirstHelper(start);
  await first.whyNot(1000);
  started[0].events.onDeath('it was idle');
  expect(first.start({ onDeath: () => {} })).toBe(started[1].thread);
});

test('that nobody took is ended', async () => {
  const { start, terminate } = player(({ onMessage }) => onMessage?.('ready'));
  const first = new FirstHelper(start);
  await first.whyNot(1000);
  await first.dispose();
  expect(terminate).toHaveBeenCalledTimes(1);
});
