import { expect, test } from 'vitest';
import { segments } from '../patterns/index.ts';
import { i32, type Tensor } from '../tensor.ts';
import { PlanCache } from './plan-cache.ts';

test('a plan is that of the numbers at the call, whatever becomes of them while it is made', async () => {
  const n = 20_000;
  const shape = [1, 1, n, 8];
  const documents = () =>
    i32(
      [1, n],
      Array.from({ length: n }, (_, i) => Math.floor((i * i) / 37) % 97),
    );
  const inputs = (segmentIds: Tensor) => {
    const x: Tensor = { dtype: 'f32', shape, data: new Float32Array(0) };
    const visible = Uint8Array.from(segmentIds.data, (id) => Number(id % 3 !== 0));
    return {
      q: x,
      k: x,
      v: x,
      segmentIds,
      keyMask: { dtype: 'bool', shape: [1, n], data: visible } as Tensor,
    };
  };
  const attributes = { pattern: segments() };
  const expected = new PlanCache().plan(inputs(documents()), attributes);

  const cache = new PlanCache();
  const overwritten = inputs(documents());
  let pauses = 0;
  const planned = await cache.planPolitely(overwritten, attributes, () => {
    pauses += 1;
    overwritten.segmentIds.data.fill(0);
    overwritten.keyMask.data.fill(1);
    return undefined;
  });
  expect(pauses).toBeGreaterThan(0);
  expect(planned.plan.stats).toEqual(expected.plan.stats);
  // What is kept under these numbers is right for a call that comes later.
  expect(cache.plan(inputs(documents()), attributes).plan).toBe(planned.plan);
});
