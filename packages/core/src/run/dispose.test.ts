import { expect, test } from 'vitest';
import type { Tensors } from '../contract/backend.ts';
import { attention } from '../calls/attention.ts';
import { AttnError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { eventLoopTurn } from '../async/pause.ts';
import { f32 } from '../tensor.ts';
import { createAttn } from './create-attn.ts';
import { fakeBackend, type FakeOptions } from './fake-backend.testing.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const call = { q, k: q, v: f32([1, 1, 2, 1], [1, 3]) };
const disposed = { code: 'DISPOSED' };

/** A backend whose runs, or compilations, wait to be told how to end. */
function waiting(hook: 'onRun' | 'onCompile', options: FakeOptions = {}) {
  let end: (error?: AttnError) => void = () => {};
  const backend = fakeBackend('waiting', {
    ...options,
    [hook]: () =>
      new Promise<void>((resolve, reject) => {
        end = (error) => (error ? reject(error) : resolve());
      }),
  });
  return { backend, end: (error?: AttnError) => end(error) };
}

test('a run in flight finishes before its backend is disposed', async () => {
  const { backend, end } = waiting('onRun');
  const attn = await createAttn({ backends: [backend] });
  const running = attn.attention(call);
  await eventLoopTurn();
  const disposing = attn.dispose();
  await eventLoopTurn();
  expect(backend.counts).toMatchObject({ disposed: 0, closed: 0 });
  end();
  expect((await running).out).toEqual(f32([1, 1, 2, 1], [2, 2]));
  await disposing;
  expect(backend.counts).toMatchObject({ disposed: 1, closed: 1 });
});

test('a run in flight that fails does not start again elsewhere', async () => {
  const { backend, end } = waiting('onRun');
  const next = fakeBackend('next', { milliseconds: 5 });
  const attn = await createAttn({ backends: [backend, next] });
  const running = attn.attention(call);
  await eventLoopTurn();
  const disposing = attn.dispose();
  const lost = new AttnError('DEVICE_LOST', 'fake/run', 'gone');
  end(lost);
  await expect(running).rejects.toMatchObject({ ...disposed, cause: lost });
  await disposing;
  expect(next.counts).toMatchObject({ compiled: 0, closed: 1 });
});

test('a compilation that nobody waits for any longer ends before its backend is disposed', async () => {
  const { backend, end } = waiting('onCompile');
  const attn = await createAttn({ backends: [backend] });
  const controller = new AbortController();
  const aborted = attn.attention(call, { signal: controller.signal });
  await eventLoopTurn();
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  const disposing = attn.dispose();
  await eventLoopTurn();
  expect(backend.counts.closed).toBe(0);
  end();
  await disposing;
  expect(backend.counts).toMatchObject({ disposed: 1, closed: 1 });
});

test('by a listener, the call that it listens to stops', async () => {
  const backend = fakeBackend('a');
  const attn = await createAttn({ backends: [backend] });
  attn.on('choice', () => void attn.dispose());
  await expect(attn.attention(call)).rejects.toMatchObject(disposed);
  expect(backend.counts.compiled).toBe(0);
});

test('everything after it rejects, runs of held executables too', async () => {
  const attn = await createAttn({ backends: [fakeBackend('a')] });
  const builder = new GraphBuilder();
  const graph = builder.build({ y: builder.relu(builder.input('x', q)) });
  const inputs: Tensors = { x: q };
  const held = await attn.compile(graph);
  expect(await held.run(inputs)).toEqual({ y: q });
  await attn.dispose();
  for (const later of [
    () => held.run(inputs),
    () => attn.attention(call),
    () => attn.run(graph, inputs),
    () => attn.compile(graph),
    () => attn.reprobe(),
  ]) {
    await expect(later()).rejects.toMatchObject(disposed);
  }
});

test('at the end of a block, by await using', async () => {
  const backend = fakeBackend('a');
  {
    await using attn = await createAttn({ backends: [backend] });
    await using held = await attn.compile(attention(call).graph);
    await held.run(call);
    expect(backend.counts).toMatchObject({ disposed: 0, closed: 0 });
  }
  expect(backend.counts).toMatchObject({ compiled: 1, disposed: 1, closed: 1 });
});
