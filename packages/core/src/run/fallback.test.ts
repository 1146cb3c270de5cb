import { describe, expect, test, vi } from 'vitest';
import type { AttnErrorCode } from '../errors.ts';
import { f32 } from '../tensor.ts';
import type { AttnEvents } from './attn.ts';
import { attention } from '../calls/attention.ts';
import { createAttn } from './create-attn.ts';
import { fails, fakeBackend } from './fake-backend.testing.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const call = { q, k: q, v: f32([1, 1, 2, 1], [1, 3]) };

describe('named backends', () => {
  const backends = () => [
    fakeBackend('good'),
    fakeBackend('absent', { probe: async () => ({ available: false, reason: 'no adapter' }) }),
    fakeBackend('narrow', { supports: 'too big' }),
    fakeBackend('dying', { milliseconds: 5, onRun: fails('DEVICE_LOST') }),
  ];

  test('run there or fail', async () => {
    const attn = await createAttn({ backends: backends(), backend: 'dying' });
    expect((await attn.attention(call, { backend: 'good' })).backend).toBe('good');
    await expect(attn.attention(call)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    for (const [backend, code] of Object.entries({
      absent: 'BACKEND_UNAVAILABLE',
      narrow: 'UNSUPPORTED',
      other: 'INVALID_ARGUMENT',
    })) {
      await expect(attn.attention(call, { backend })).rejects.toMatchObject({ code });
    }
  });

  test('must be listed, once', async () => {
    await expect(createAttn({ backends: backends(), backend: 'x' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(createAttn({ backends: [...backends(), fakeBackend('good')] })).rejects.toThrow(
      'got "good" twice',
    );
  });
});

describe('fallback', () => {
  test.each<AttnErrorCode>([
    'DEVICE_LOST',
    'OUT_OF_MEMORY',
    'WORKER_DIED',
    'COMPILE_FAILED',
    'RUN_FAILED',
    'TIMEOUT',
    'BACKEND_UNAVAILABLE',
  ])('after %s the call runs elsewhere', async (code) => {
    const dying = fakeBackend('dying', { onRun: fails(code) });
    const attn = await createAttn({ backends: [dying, fakeBackend('next', { milliseconds: 5 })] });
    const choices: string[] = [];
    const falls: AttnEvents['fallback'][] = [];
    attn.on('choice', ({ backend, predictedMs }) => choices.push(`${backend} ${predictedMs}`));
    const stop = attn.on('fallback', (detail) => falls.push(detail));
    expect((await attn.attention(call)).backend).toBe('next');
    expect(choices).toEqual(['dying 1', 'next 5']);
    expect(falls).toMatchObject([{ from: 'dying', to: 'next', error: { code } }]);
    expect(attn.explain().map(({ chosen }) => chosen)).toEqual([false, true]);
    expect(dying.counts.disposed).toBe(1);
    stop();
    await attn.attention(call);
    expect(falls).toHaveLength(1);
  });

  test('also after an error of an API that the backend calls, which is typed then', async () => {
    const raw = () => {
      throw new TypeError('no overload matched for writeBuffer');
    };
    const backends = () => [
      fakeBackend('raw', { onRun: raw }),
      fakeBackend('rawer', { milliseconds: 2, onCompile: raw }),
      fakeBackend('next', { milliseconds: 5 }),
    ];
    const attn = await createAttn({ backends: backends(), cache: false });
    const falls: string[] = [];
    attn.on('fallback', ({ from, error }) => falls.push(`${from} ${error.code}`));
    expect((await attn.attention(call)).backend).toBe('next');
    expect(falls).toEqual(['raw RUN_FAILED', 'rawer COMPILE_FAILED']);
    const message = '[attn/raw] run: the backend failed with TypeError: no overload matched for writeBuffer';
    const expected = { code: 'RUN_FAILED', message, cause: expect.any(TypeError) };
    await expect(attn.attention(call, { backend: 'raw' })).rejects.toMatchObject(expected);

    const other = await createAttn({ backends: backends(), cache: false });
    const graph = await other.compile(attention(call).graph);
    expect(graph.backend).toBe('raw');
    await graph.run(call);
    expect(graph.backend).toBe('next');
  });

  test('also when compiling fails', async () => {
    const attn = await createAttn({
      backends: [
        fakeBackend('small', { onCompile: fails('OUT_OF_MEMORY') }),
        fakeBackend('big', { milliseconds: 5 }),
      ],
    });
    expect((await attn.attention(call)).backend).toBe('big');
  });

  test('a compiled graph moves, once for all runs that fail, each of which says so, and stays', async () => {
    const dying = fakeBackend('dying', { onRun: fails('DEVICE_LOST') });
    const next = fakeBackend('next', { milliseconds: 5 });
    const attn = await createAttn({ backends: [dying, next] });
    const falls: string[] = [];
    attn.on('fallback', ({ from, to }) => falls.push(`${from} → ${to}`));
    const compiled = await attn.compile(attention(call).graph);
    expect(compiled.backend).toBe('dying');
    const runs = await Promise.all([1, 2, 3].map(() => compiled.run(call)));
    for (const { out } of runs) expect([...out.data]).toEqual([2, 2]);
    expect(compiled.backend).toBe('next');
    await compiled.run(call);
    expect(falls).toEqual(Array(3).fill('dying → next'));
    expect([dying.counts.disposed, next.counts.compiled]).toEqual([1, 1]);
    compiled.dispose();
    expect(next.counts.disposed).toBe(1);
    await attn.dispose();
  });

  test('who has stopped waiting for a compilation waits no longer, and what comes of it is disposed', async () => {
    let finish = () => {};
    const compiling = new Promise<void>((resolve) => (finish = resolve));
    const slow = fakeBackend('slow', { onCompile: () => compiling });
    const attn = await createAttn({ backends: [slow] });
    const controller = new AbortController();
    const compiled = attn.compile(attention(call).graph, { signal: controller.signal });
    setTimeout(() => controller.abort());
    await expect(compiled).rejects.toMatchObject({ code: 'ABORTED' });
    finish();
    await vi.waitFor(() => expect(slow.counts.disposed).toBe(1));
    await attn.dispose();
  });

  test('a run that is aborted while its graph moves ends at once', async () => {
    let finish = () => {};
    const compiling = new Promise<void>((resolve) => (finish = resolve));
    const dying = fakeBackend('dying', { onRun: fails('DEVICE_LOST') });
    const next = fakeBackend('next', { milliseconds: 5, onCompile: () => compiling });
    const attn = await createAttn({ backends: [dying, next] });
    const graph = await attn.compile(attention(call).graph);
    const controller = new AbortController();
    const running = graph.run(call, { signal: controller.signal });
    setTimeout(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    finish();
    expect((await graph.run(call)).out).toBeDefined();
    expect(graph.backend).toBe('next');
    graph.dispose();
    await attn.dispose();
  });

  test('a compiled graph that was named, or has nowhere else to go, fails', async () => {
    const lone = await createAttn({ backends: [fakeBackend('a', { onRun: fails('DEVICE_LOST') })] });
    const compiled = await lone.compile(attention(call).graph);
    for (let i = 0; i < 2; i++)
      await expect(compiled.run(call)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    const two = await createAttn({
      backends: [fakeBackend('a', { onRun: fails('DEVICE_LOST') }), fakeBackend('b')],
    });
    const onA = await two.compile(attention(call).graph, { backend: 'a' });
    await expect(onA.run(call)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  });

  test('not for mistakes, and not without end', async () => {
    const wrong = await createAttn({
      backends: [fakeBackend('a', { onRun: fails('INTERNAL') }), fakeBackend('b')],
    });
    await expect(wrong.attention(call)).rejects.toMatchObject({ code: 'INTERNAL' });
    const dead = await createAttn({ backends: [fakeBackend('a', { onRun: fails('DEVICE_LOST') })] });
    await expect(dead.attention(call)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  });
});
