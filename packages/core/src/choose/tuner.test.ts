import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clock } from '../async/clock.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { f32 } from '../tensor.ts';
import { createAttn } from '../run/create-attn.ts';
import { fails, fakeBackend } from '../run/fake-backend.testing.ts';
import { memoryStore } from './store/memory-store.testing.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const call = { q, k: q, v: q };

/** The time of these tests: it passes where a test says so, and a little with each look at the clock. */
let now = 0;
const after = (ms: number) => async () => void (now += ms);
beforeEach(() => {
  vi.spyOn(clock, 'now').mockImplementation(() => (now += 0.01));
  vi.spyOn(clock, 'sleep').mockImplementation(async (ms) => void (now += ms));
});
afterEach(() => void vi.restoreAllMocks());

/** Three backends: one that claims to be fast, one that is fast, and one that is too slow to be tried. */
function backends() {
  return [
    fakeBackend('boaster', { milliseconds: 1, onRun: after(12) }),
    fakeBackend('fast', { milliseconds: 2 }),
    fakeBackend('hopeless', { milliseconds: 100 }),
  ];
}

describe("tune: 'measure'", () => {
  test('chooses by time, and times once', async () => {
    const list = backends();
    const attn = await createAttn({ backends: list, tune: 'measure', cache: false });
    expect((await attn.attention(call)).backend).toBe('fast');
    const [boaster, , hopeless] = list;
    const ran = boaster.counts.ran;
    expect(ran).toBeGreaterThan(0);
    expect(hopeless.counts.ran).toBe(0);
    const choices: (number | undefined)[] = [];
    attn.on('choice', ({ measuredMs }) => choices.push(measuredMs));
    expect((await attn.attention(call)).backend).toBe('fast');
    expect(boaster.counts.ran).toBe(ran);
    expect(choices).toEqual([expect.any(Number)]);
    expect(attn.explain()).toMatchObject([
      { backend: 'boaster', predictedMs: 1, measuredMs: expect.any(Number), chosen: false },
      { backend: 'fast', predictedMs: 2, measuredMs: expect.any(Number), chosen: true },
      { backend: 'hopeless', measuredMs: undefined },
    ]);
    await attn.dispose();
  });

  test('what the first run compiles is not counted, however long it takes', async () => {
    let runs = 0;
    const slowToStart = fakeBackend('slow to start', {
      milliseconds: 2,
      onRun: () => after(runs++ ? 0 : 500)(),
    });
    const list = [fakeBackend('steady', { milliseconds: 1, onRun: after(12) }), slowToStart];
    const attn = await createAttn({ backends: list, tune: 'measure', cache: false });
    expect((await attn.attention(call)).backend).toBe('slow to start');
    await attn.dispose();
  });

  test('a clock that stands still for a while is clock enough', async () => {
    vi.mocked(clock.now).mockImplementation(() => 5 * Math.floor(now / 5));
    const list = [
      fakeBackend('busy', { milliseconds: 1, onRun: after(1) }),
      fakeBackend('idle', { milliseconds: 2, onRun: after(0.1) }),
    ];
    const attn = await createAttn({ backends: list, tune: 'measure', cache: false });
    expect((await attn.attention(call)).backend).toBe('idle');
    await attn.dispose();
  });

  test('a clock that stands still compares nothing: predictions decide, and nothing is kept', async () => {
    vi.mocked(clock.now).mockReturnValue(7);
    const list = [fakeBackend('slower', { milliseconds: 2 }), fakeBackend('faster', { milliseconds: 1 })];
    const store = memoryStore();
    const attn = await createAttn({ backends: list, tune: 'measure', cache: store });
    expect((await attn.attention(call)).backend).toBe('faster');
    expect((await attn.attention(call)).backend).toBe('faster');
    expect(list[0].counts.ran).toBe(0);
    expect(store.entries.size).toBe(0);
    await attn.dispose();
  });

  test('when all fail, each is timed once', async () => {
    const list = ['a', 'b'].map((name) => fakeBackend(name, { onRun: fails('TIMEOUT') }));
    const attn = await createAttn({ backends: list, tune: 'measure', cache: false });
    await expect(attn.attention(call)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(list.map(({ counts }) => counts.ran)).toEqual([2, 2]);
  });

  test('estimates run nothing twice', async () => {
    const list = backends();
    const attn = await createAttn({ backends: list, cache: false });
    expect((await attn.attention(call)).backend).toBe('boaster');
    expect(list.map(({ counts }) => counts.ran)).toEqual([1, 0, 0]);
  });

  test('what was found is remembered for graphs of the same structure, whatever their constants', async () => {
    const graph = () => {
      const builder = new GraphBuilder();
      const x = builder.input('x', q);
      return builder.build({ y: builder.add(x, builder.constant(f32([1], [1]))) });
    };
    const store = memoryStore();
    const first = await createAttn({ backends: backends(), tune: 'measure', cache: store });
    await first.run(graph(), { x: q });
    const list = backends();
    const second = await createAttn({ backends: list, tune: 'measure', cache: store });
    await second.run(graph(), { x: q });
    expect(list.map(({ counts }) => counts.ran)).toEqual([0, 1, 0]);
    expect(second.explain()).toMatchObject([{ measuredMs: expect.any(Number) }, { chosen: true }, {}]);
    // Another version of a backend is measured again.
    const newer = backends().map((backend) => ({ ...backend, version: '2.0.0' }));
    const third = await createAttn({ backends: newer, tune: 'measure', cache: store });
    await third.run(graph(), { x: q });
    expect(newer[0].counts.ran).toBeGreaterThan(0);
  });

  test('calls at the same time are timed once', async () => {
    const list = backends();
    const attn = await createAttn({ backends: list, tune: 'measure', cache: false });
    const results = await Promise.all([1, 2, 3].map(() => attn.attention(call)));
    expect(results.map(({ backend }) => backend)).toEqual(['fast', 'fast', 'fast']);
    const ran = list[0].counts.ran;
    const alone = backends();
    await (await createAttn({ backends: alone, tune: 'measure', cache: false })).attention(call);
    expect(ran).toBeLessThan(2 * alone[0].counts.ran);
  });

  test('one that fails while it is timed is reported, and the answer is the same', async () => {
    const lost = fakeBackend('lost', { onRun: fails('DEVICE_LOST') });
    const attn = await createAttn({
      backends: [lost, fakeBackend('well', { milliseconds: 2 })],
      tune: 'measure',
      cache: false,
    });
    const events: string[] = [];
    attn.on('fallback', ({ from, to }) => events.push(`${from} → ${to}`));
    expect(await attn.attention(call)).toMatchObject({ backend: 'well', out: q });
    expect(events).toEqual(['lost → well']);
    expect(lost.counts.ran).toBe(1);
  });

  test('mistakes of the caller are not the backend’s', async () => {
    const attn = await createAttn({ backends: backends(), tune: 'measure', cache: false });
    const builder = new GraphBuilder();
    const graph = builder.build({ y: builder.relu(builder.input('x', q)) });
    await expect(attn.run(graph, {})).rejects.toMatchObject({ code: 'MISSING_INPUT' });
    const controller = new AbortController();
    const running = attn.attention(call, { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await attn.attention(call)).backend).toBe('fast');
  });

  test('a backend that was named is not compared', async () => {
    const list = backends();
    const attn = await createAttn({ backends: list, tune: 'measure', cache: false });
    expect((await attn.attention(call, { backend: 'hopeless' })).backend).toBe('hopeless');
    expect(list.map(({ counts }) => counts.ran)).toEqual([0, 0, 1]);
  });
});
