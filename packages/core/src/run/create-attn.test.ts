import { afterEach, describe, expect, test, vi } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { eventLoopTurn } from '../async/pause.ts';
import { causal } from '../patterns/causal.ts';
import { f32 } from '../tensor.ts';
import { createAttn } from './create-attn.ts';
import { fails, fakeBackend } from './fake-backend.testing.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const v = f32([1, 1, 2, 1], [1, 3]);
const call = { q, k: q, v };

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('choice', () => {
  test('the smallest estimate wins, then the order of the list', async () => {
    const [slow, fast, equal] = [
      fakeBackend('slow', { milliseconds: 9 }),
      fakeBackend('fast'),
      fakeBackend('equal'),
    ];
    const attn = await createAttn({ backends: [slow, fast, equal] });
    expect(await attn.attention(call)).toEqual({ out: f32([1, 1, 2, 1], [2, 2]), backend: 'fast' });
    expect([slow.counts.ran, fast.counts.ran, equal.counts.ran]).toEqual([0, 1, 0]);
  });

  test('a backend that cannot tell comes last', async () => {
    const backends = [NaN, Infinity, 7].map((milliseconds, i) => fakeBackend(`b${i}`, { milliseconds }));
    const attn = await createAttn({ backends });
    expect((await attn.attention(call)).backend).toBe('b2');
    expect((await (await createAttn({ backends: backends.slice(0, 2) })).attention(call)).backend).toBe('b0');
  });

  test('only among those that are there and can', async () => {
    const attn = await createAttn({
      backends: [
        fakeBackend('absent', { probe: async () => ({ available: false, reason: 'no adapter' }) }),
        fakeBackend('broken', { probe: () => Promise.reject(new Error('driver')) }),
        fakeBackend('narrow', { supports: 'head dim must be ≤ 0' }),
        fakeBackend('last', { milliseconds: 1e6 }),
      ],
    });
    expect((await attn.attention(call)).backend).toBe('last');
    expect(attn.explain()).toMatchObject([
      { backend: 'absent', usable: false, reason: 'no adapter', chosen: false },
      { backend: 'broken', usable: false, reason: 'its probe failed: driver', chosen: false },
      { backend: 'narrow', usable: false, reason: 'attention: head dim must be ≤ 0', predictedMs: undefined },
      {
        backend: 'last',
        usable: true,
        reason: undefined,
        predictedMs: 1e6,
        measuredMs: expect.any(Number),
        chosen: true,
      },
    ]);
    expect(attn.probe()).toMatchObject([
      { name: 'absent', available: false },
      { name: 'broken' },
      {},
      { summary: 'fake' },
    ]);
  });

  test('nobody can: every reason is told', async () => {
    const attn = await createAttn({
      backends: [fakeBackend('a', { supports: 'too big' }), fakeBackend('b', { supports: 'no' })],
    });
    await expect(attn.attention(call)).rejects.toMatchObject({
      code: 'NO_BACKEND',
      message: '[attn/core] run: no backend can run this graph (a: attention: too big; b: attention: no)',
    });
    const none = await createAttn({ backends: [] });
    await expect(none.attention(call)).rejects.toMatchObject({ code: 'NO_BACKEND' });
  });

  test('explains before anything ran', async () => {
    const attn = await createAttn({ backends: [fakeBackend('a'), fakeBackend('b')] });
    expect(attn.explain().map(({ usable, chosen }) => [usable, chosen])).toEqual([
      [true, false],
      [true, false],
    ]);
    const builder = new GraphBuilder();
    const graph = builder.build({ y: builder.relu(builder.input('x', q)) });
    expect(attn.explain(graph).map(({ chosen }) => chosen)).toEqual([true, false]);
  });
});

describe('executables', () => {
  test('are compiled once per graph, also for calls at the same time', async () => {
    const backend = fakeBackend('a');
    const attn = await createAttn({ backends: [backend] });
    await Promise.all([attn.attention(call), attn.attention(call)]);
    await attn.attention({ ...call, v: f32([1, 1, 2, 1], [5, 7]) });
    expect(backend.counts).toMatchObject({ compiled: 1, ran: 3, estimated: 1 });
    await attn.attention({ ...call, pattern: causal() });
    expect(backend.counts.compiled).toBe(2);
  });

  test('are forgotten when there are many, and released with everything else', async () => {
    const backend = fakeBackend('a');
    const attn = await createAttn({ backends: [backend] });
    for (let scale = 1; scale <= 40; scale++) await attn.attention({ ...call, scale });
    await eventLoopTurn();
    expect(backend.counts).toMatchObject({ compiled: 40, disposed: 8 });
    await Promise.all([attn.dispose(), attn.dispose()]);
    expect(backend.counts).toMatchObject({ disposed: 40, closed: 1 });
    await expect(attn.attention(call)).rejects.toMatchObject({ code: 'DISPOSED' });
  });

  test('a failed compilation is tried again', async () => {
    let attempts = 0;
    const backend = fakeBackend('a', {
      onCompile: () => {
        if (++attempts === 1) fails('INTERNAL')();
      },
    });
    const attn = await createAttn({ backends: [backend] });
    await expect(attn.attention(call)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect((await attn.attention(call)).out).toEqual(f32([1, 1, 2, 1], [2, 2]));
  });

  test('of one’s own are not shared', async () => {
    const backend = fakeBackend('a');
    const attn = await createAttn({ backends: [backend] });
    const builder = new GraphBuilder();
    const graph = builder.build({ y: builder.relu(builder.input('x', q)) });
    const own = await attn.compile(graph);
    expect(own.backend).toBe('a');
    expect(await own.run({ x: f32(q.shape, [-1, 1]) })).toEqual({ y: f32(q.shape, [0, 1]) });
    own.dispose();
    expect(await attn.run(graph, { x: f32(q.shape, [2, -2]) })).toEqual({ y: f32(q.shape, [2, 0]) });
    expect(backend.counts).toMatchObject({ compiled: 2, disposed: 1 });
  });
});

describe('signals', () => {
  test('reach the run', async () => {
    const controller = new AbortController();
    const attn = await createAttn({ backends: [fakeBackend('a', { onRun: () => controller.abort() })] });
    await expect(attn.attention(call, { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  test('end the wait for a compilation, which goes on for others', async () => {
    let finish = () => {};
    const backend = fakeBackend('a', { onCompile: () => new Promise((resolve) => (finish = resolve)) });
    const attn = await createAttn({ backends: [backend] });
    const controller = new AbortController();
    const hasty = attn.attention(call, { signal: controller.signal });
    const patient = attn.attention(call);
    await eventLoopTurn();
    controller.abort();
    await expect(hasty).rejects.toMatchObject({ code: 'ABORTED' });
    finish();
    expect((await patient).out).toEqual(f32([1, 1, 2, 1], [2, 2]));
    expect(backend.counts.compiled).toBe(1);
  });

  test('end the wait for probes', async () => {
    const controller = new AbortController();
    const stuck = fakeBackend('stuck', { probe: () => new Promise(() => {}) });
    const waiting = createAttn({ backends: [stuck], signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

test('ATTN_DEBUG tells the choice and the times', async () => {
  vi.stubEnv('ATTN_DEBUG', '2');
  const print = vi.spyOn(console, 'error').mockImplementation(() => {});
  const attn = await createAttn({
    backends: [
      fakeBackend('a', { milliseconds: 2, onRun: fails('DEVICE_LOST') }),
      fakeBackend('b', { milliseconds: 3 }),
      fakeBackend('c', { supports: 'no' }),
    ],
  });
  await attn.attention(call);
  const lines = print.mock.calls.map(([line]) =>
    String(line)
      .replace(/#\S+:/, ':')
      .replace(/in [\d.]+ ms/, 'in … ms'),
  );
  expect(lines).toEqual([
    '[attn] attention: a (2.00 ms predicted; b: 3.00 ms; c: attention: no)',
    '[attn] attention: compiled on a in … ms',
    '[attn] attention: a failed ([attn/fake] run: told to fail), falling back to b',
    '[attn] attention: b (3.00 ms predicted; a: 2.00 ms; c: attention: no)',
    '[attn] attention: compiled on b in … ms',
    '[attn] attention: ran on b in … ms',
  ]);
});
