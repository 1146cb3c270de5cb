import { expect, test } from 'vitest';
import { isAborted, whileRunning } from './client.ts';

test('a step that arrives after the result is not heard', () => {
  const steps: number[] = [];
  let isOver = false;
  const listen = whileRunning(
    () => isOver,
    (step: number) => void steps.push(step),
  );
  listen(1);
  isOver = true;
  listen(2);
  expect(steps).toEqual([1]);
});

test('work that was ended on purpose is told apart from faults', () => {
  expect(isAborted(Object.assign(new Error('stopped'), { name: 'ABORTED' }))).toBe(true);
  expect(isAborted(new Error('broken'))).toBe(false);
});
