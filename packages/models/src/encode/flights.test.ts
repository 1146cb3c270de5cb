// Results come in the order in which their work began; what nobody takes is aborted, and ends before `end`.
import { expect, test } from 'vitest';
import { Flights } from './flights.ts';

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test('results are taken in order, whichever is there first', async () => {
  const flights = new Flights<string>(undefined);
  let finish: (result: string) => void = () => {};
  flights.start(() => new Promise((resolve) => (finish = resolve)));
  flights.start(async () => 'second');
  expect(flights.size).toBe(2);
  await later();
  finish('first');
  expect([await flights.first, await flights.take(), await flights.take(), await flights.take()]).toEqual([
    'first',
    'first',
    'second',
    undefined,
  ]);
  await flights.end();
});

test('an error waits for the one who takes the result; the end aborts the rest and waits for it', async () => {
  const flights = new Flights<number>(undefined);
  let ended = 0;
  flights.start(() => Promise.reject(new Error('oops')));
  for (let i = 0; i < 2; i++)
    flights.start(async (signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await later();
      return ++ended;
    });
  await later();
  await expect(flights.take()).rejects.toThrow('oops');
  expect(ended).toBe(0);
  await flights.end();
  expect([ended, flights.size]).toEqual([2, 0]);
});

test('an abort of the caller reaches the work with its reason, also one from before', async () => {
  const controller = new AbortController();
  const flights = new Flights<unknown>(controller.signal);
  const reasons: unknown[] = [];
  const work = async (signal: AbortSignal): Promise<void> => {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    reasons.push(signal.reason);
  };
  flights.start(work);
  controller.abort('enough');
  await flights.end();
  new Flights<unknown>(controller.signal).start(work);
  await later();
  expect(reasons).toEqual(['enough', 'enough']);
});
