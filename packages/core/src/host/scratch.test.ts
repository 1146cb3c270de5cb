import { expect, test, vi } from 'vitest';
import { bufferRegion } from './region.ts';
import { Scratch } from './scratch.ts';

test('arrays of one node do not overlap, and the next node reuses the memory', () => {
  const allocate = vi.fn(bufferRegion);
  const scratch = new Scratch(allocate);
  const [a, b, c] = [scratch.take('f32', 3), scratch.take('u8', 100), scratch.take('f32', 1000)];
  a.fill(1);
  b.fill(2);
  c.fill(3);
  expect([a[2], b[0], b[99], c[0]]).toEqual([1, 2, 2, 3]);
  for (const array of [a, b, c]) expect(array.byteOffset % 64).toBe(0);

  scratch.reset();
  allocate.mockClear();
  expect(scratch.take('f32', 1000).buffer).toBe(c.buffer);
  expect(allocate).not.toHaveBeenCalled();

  scratch.release();
  expect(scratch.take('f32', 1).buffer).not.toBe(c.buffer);
});
