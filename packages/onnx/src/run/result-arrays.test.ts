// Results that ONNX Runtime writes to arrays of the caller, and those that are copied there.
import { attention, f32, slidingWindow, type Tensor } from '@attn/core';
import * as ort from 'onnxruntime-node';
import { afterEach, expect, test, vi } from 'vitest';
import { onnx } from '../node.ts';
import { numbers } from '../lower/runner.testing.ts';

afterEach(() => void vi.restoreAllMocks());

const shape = [1, 2, 200, 8];
const [q, k, v] = [1, 2, 3].map((seed) => numbers(shape, seed, 1));
const call = attention({ q, k, v, pattern: slidingWindow({ before: 9, after: 9 }), returnLse: true });
const target = (): Tensor<'f32'> => f32(shape, new Float32Array(3200).fill(NaN));

/** What sessions were asked to write to, run by run. */
function watchFetches(): unknown[] {
  const fetches: unknown[] = [];
  const { create } = ort.InferenceSession;
  vi.spyOn(ort.InferenceSession, 'create').mockImplementation(async (...args: unknown[]) => {
    const session = await Reflect.apply(create, ort.InferenceSession, args);
    const run = session.run.bind(session);
    vi.spyOn(session, 'run').mockImplementation(async (...args: unknown[]) => {
      fetches.push(args[1]);
      return Reflect.apply(run, session, args);
    });
    return session;
  });
  return fetches;
}

test('from the second run on, ONNX Runtime writes to the array itself', async () => {
  const fetches = watchFetches();
  const backend = onnx({ threads: 1 });
  const executable = await backend.compile(call.graph);
  const expected = await executable.run(call.inputs);
  const [out, next] = [target(), target()];
  const first = await executable.run(call.inputs, { outputs: { out } });
  expect(first.out).toBe(out);
  expect(first).toEqual(expected);
  await executable.run(call.inputs, { outputs: { out: next } });
  expect(next).toEqual(expected.out);
  expect(fetches[0]).toBeUndefined();
  const [name] = Object.entries(fetches[1] as object).filter(([, tensor]) => tensor !== null);
  expect(name[1].data).toBe(out.data);
  expect(Object.keys(fetches[1] as object)).toHaveLength(2);
  await backend.dispose();
});

test('memory that ONNX Runtime does not take is copied to', async () => {
  const fetches = watchFetches();
  const backend = onnx({ threads: 1 });
  const executable = await backend.compile(call.graph);
  const expected = await executable.run(call.inputs);
  const out = f32(shape, new Float32Array(new SharedArrayBuffer(4 * 3200)));
  expect((await executable.run(call.inputs, { outputs: { out } })).out).toBe(out);
  expect([...out.data]).toEqual([...expected.out.data]);
  expect(fetches).toEqual([undefined, undefined]);
  await backend.dispose();
});

test('a run that is aborted does not end before it has written', async () => {
  const backend = onnx({ threads: 1 });
  const executable = await backend.compile(call.graph);
  await executable.run(call.inputs);
  const controller = new AbortController();
  const out = target();
  const run = executable.run(call.inputs, { outputs: { out }, signal: controller.signal });
  await Promise.resolve();
  controller.abort();
  await expect(run).rejects.toMatchObject({ code: 'ABORTED' });
  const before = out.data.slice();
  await executable.run(call.inputs);
  expect(out.data).toEqual(before);
  await backend.dispose();
});
