import { describe, expect, test, vi } from 'vitest';
import { ColumnTable } from '../patterns/column-table.ts';
import { full, segments, where } from '../patterns/index.ts';
import { bool, i32, type Tensor } from '../tensor.ts';
import type { NamedSpecs } from '../ops/op.ts';
import { expectError, spec } from '../ops/ops.testing.ts';
import { PlanCache } from './plan-cache.ts';
import { PLAN_INPUTS } from './plan-inputs.ts';

test('an order that another cache found is not searched for again', () => {
  const asked = vi.spyOn(ColumnTable.prototype, 'range');
  const shape = [1, 1, 4096, 8];
  const planned = (): [plan: unknown, reads: number] => {
    asked.mockClear();
    const pattern = where(({ q, k }) => q.mod(64).eq(k.mod(64)));
    const { plan } = new PlanCache().plan(
      { q: spec(shape), k: spec(shape), v: spec(shape) },
      { pattern },
      {},
    );
    expect(plan.stats.order).toBe('by i.mod(64)');
    return [plan, asked.mock.calls.length];
  };
  const [[first, reads], [second, fewer]] = [planned(), planned()];
  expect(second).toEqual(first);
  expect(fewer).toBeGreaterThan(0);
  expect(fewer).toBeLessThan(0.2 * reads);
  asked.mockRestore();
});

test('a plan is that of the numbers at the call, whatever becomes of them while it is made', async () => {
  const n = 20_000;
  const shape = [1, 1, n, 8];
  const documents = () =>
    i32(
      [1, n],
      Array.from({ length: n }, (_, i) => Math.floor((i * i) / 37) % 97),
    );
  const attributes = { pattern: segments() };
  const call = (segmentIds: Tensor) => {
    const keyMask = bool(
      [1, n],
      Uint8Array.from(segmentIds.data, (id) => Number(id % 3 !== 0)),
    );
    const data = { segmentIds, keyMask };
    return [{ q: spec(shape), k: spec(shape), v: spec(shape), ...data }, attributes, data] as const;
  };
  const expected = new PlanCache().plan(...call(documents()));

  const cache = new PlanCache();
  const overwritten = call(documents());
  let pauses = 0;
  const planned = await cache.planPolitely(...overwritten, () => {
    pauses += 1;
    overwritten[2].segmentIds.data.fill(0);
    overwritten[2].keyMask.data.fill(1);
    return undefined;
  });
  expect(pauses).toBeGreaterThan(0);
  expect(planned.plan.stats).toEqual(expected.plan.stats);
  // A plan in the cache is right for a later call.
  expect(cache.plan(...call(documents())).plan).toBe(planned.plan);
});

describe('what a plan reads', () => {
  const shape = [1, 1, 128, 8];
  const specs: NamedSpecs = { q: spec(shape), k: spec(shape), v: spec(shape) };
  const keyMask = bool(
    [1, 128],
    Array.from({ length: 128 }, (_, key) => Number(key < 64)),
  );
  const attributes = { pattern: full() };

  test('is the specs of all inputs and the data of those in PLAN_INPUTS', () => {
    const { plan } = new PlanCache().plan({ ...specs, keyMask }, attributes, { keyMask });
    expect(plan.stats.allowedPairs).toBe(128 * 64);
  });

  test('is no data of an input that the call does not have', () => {
    const { plan } = new PlanCache().plan(specs, attributes, { keyMask });
    expect(plan.stats.allowedPairs).toBe(128 * 128);
  });

  test.each(PLAN_INPUTS)('is never a guess: %s without data is an error', (name) => {
    const inputs = {
      keyMask,
      queryMask: keyMask,
      globalMask: keyMask,
      segmentIds: keyMask,
      keyLengths: i32([1], [3]),
      mask: bool([1], [1]),
    };
    expectError(
      () => new PlanCache().plan({ ...specs, [name]: inputs[name] }, attributes, {}),
      'MISSING_INPUT',
      `plan: expected data to have the tensor of ${name}, which decides the plan, got none`,
    );
  });
});
