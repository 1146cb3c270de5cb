import { describe, expect, test } from 'vitest';
import type { Json } from '../util/json-value.ts';
import { attention } from '../calls/attention.ts';
import { f32 } from '../tensor.ts';
import { createAttn } from '../run/create-attn.ts';
import { fakeBackend } from '../run/fake-backend.testing.ts';
import type { CalibrationStore } from './store/calibration-store.ts';
import { memoryStore } from './store/memory-store.testing.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const call = { q, k: q, v: q };

/** A backend that estimates what it measured, and counts its measurements. */
function measured(name: string, ms: number) {
  const counts = { measured: 0 };
  let estimate = 1000;
  const backend = {
    ...fakeBackend(name),
    estimate: () => estimate,
    async calibrate(stored?: Json): Promise<Json> {
      if (typeof stored !== 'number') counts.measured += 1;
      estimate = typeof stored === 'number' ? stored : ms;
      return estimate;
    },
  };
  return { backend, counts };
}

describe('calibration', () => {
  test('comes before the first choice, once', async () => {
    const [slow, fast] = [measured('slow', 7), measured('fast', 3)];
    const attn = await createAttn({ backends: [slow.backend, fast.backend], cache: false });
    expect(slow.counts.measured).toBe(0);
    expect((await attn.attention(call)).backend).toBe('fast');
    await attn.attention({ ...call, scale: 2 });
    expect([slow.counts.measured, fast.counts.measured]).toEqual([1, 1]);
    expect(attn.explain().map(({ predictedMs }) => predictedMs)).toEqual([7, 3]);
  });

  test('on demand, so that explain knows', async () => {
    const { backend } = measured('a', 5);
    const attn = await createAttn({ backends: [backend, fakeBackend('b')], cache: false });
    await attn.calibrate();
    expect(attn.explain(attention(call).graph)).toMatchObject([{ predictedMs: 5 }, { predictedMs: 1 }]);
    const signal = AbortSignal.abort();
    await expect(attn.calibrate({ signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await attn.dispose();
    await expect(attn.calibrate()).rejects.toMatchObject({ code: 'DISPOSED' });
  });

  test('not where there is no choice', async () => {
    const { backend, counts } = measured('only', 5);
    await (await createAttn({ backends: [backend], cache: false })).attention(call);
    const both = await createAttn({ backends: [backend, fakeBackend('b')], cache: false });
    await both.attention(call, { backend: 'only' });
    expect(counts.measured).toBe(0);
  });

  test('is remembered, by version and features', async () => {
    const store = memoryStore();
    const run = async (version: string, features: Record<string, number>) => {
      const { backend, counts } = measured('a', 5);
      const probe = async () => ({ available: true, summary: '', features }) as const;
      const attn = await createAttn({
        backends: [{ ...backend, version, probe }, fakeBackend('b')],
        cache: store,
      });
      await attn.attention(call);
      return counts.measured;
    };
    expect(await run('1.0.0', { threads: 2 })).toBe(1);
    expect(await run('1.0.0', { threads: 2 })).toBe(0);
    expect(await run('1.0.1', { threads: 2 })).toBe(1);
    expect(await run('1.0.1', { threads: 4 })).toBe(1);
    expect(store.entries.size).toBe(3);
  });

  test.each<[string, CalibrationStore]>([
    ['holds what is not understood', { get: () => ({ a: ['strange'] }), set: () => {} }],
    [
      'cannot be read or written',
      {
        get: () => Promise.reject(new Error('locked')),
        set: () => {
          throw new Error('full');
        },
      },
    ],
  ])('a cache that %s is as none', async (_title, cache) => {
    const { backend, counts } = measured('a', 5);
    const attn = await createAttn({ backends: [backend, fakeBackend('b')], cache });
    expect((await attn.attention(call)).backend).toBe('b');
    expect(counts.measured).toBe(1);
  });

  test('one that fails leaves the built-in constants', async () => {
    const broken = { ...fakeBackend('broken'), calibrate: () => Promise.reject(new Error('no clock')) };
    const attn = await createAttn({ backends: [broken, measured('b', 5).backend], cache: false });
    expect((await attn.attention(call)).backend).toBe('broken');
  });
});
