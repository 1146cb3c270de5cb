// Faults around a session: each is a typed error that says what to do, and nothing is leaked.
import { createAttn, f32, slidingWindow, type AttentionCall, type Backend } from '@attn/core';
import { attention } from '@attn/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { encodeModel } from '../model/encode.ts';
import { OnnxModelBuilder } from '../model/onnx-model-builder.ts';
import { onnx } from '../node.ts';
import { onnxBackend } from './backend.ts';
import { compileError, runError } from './errors.ts';
import { loadError, ortFrom } from './load.ts';

function call(n: number): AttentionCall {
  const x = f32(
    [1, 2, n, 16],
    Float32Array.from({ length: 2 * n * 16 }, (_, i) => Math.sin(i)),
  );
  return { q: x, k: x, v: x, pattern: slidingWindow({ before: 16, after: 16 }) };
}

describe('the runtime', () => {
  test('is not installed: the probe names the command', async () => {
    const missing = Object.assign(new Error("Cannot find package 'onnxruntime-node' imported from /x.js"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const backend = onnxBackend(async () => {
      throw loadError('onnxruntime-node', missing);
    }, {});
    const reason = 'onnxruntime-node is not installed; npm install onnxruntime-node';
    expect(await backend.probe()).toEqual({ available: false, reason });
    await expect(backend.compile(attention(call(8)).graph)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
    });
  });
  test.each([
    ['does not load', new Error('bad ELF'), 'onnxruntime-node could not be loaded: bad ELF'],
    [
      'lacks a part of its own',
      Object.assign(new Error("Cannot find module 'onnxruntime_binding.node'"), { code: 'MODULE_NOT_FOUND' }),
      "onnxruntime-node could not be loaded: Cannot find module 'onnxruntime_binding.node'",
    ],
    [
      'is missing for Jest and webpack',
      Object.assign(new Error("Cannot find module 'onnxruntime-node'"), { code: 'MODULE_NOT_FOUND' }),
      'onnxruntime-node is not installed; npm install onnxruntime-node',
    ],
    [
      'is missing for Vite',
      new Error('Could not resolve "onnxruntime-node" imported by "@attn/onnx".'),
      'onnxruntime-node is not installed; npm install onnxruntime-node',
    ],
  ])('%s', (_title, cause, sentence) => {
    expect(loadError('onnxruntime-node', cause)).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      sentence,
      cause,
    });
  });
  test('is behind default, or is an empty module', () => {
    expect(ortFrom({ default: ort })).toBe(ort);
    expect(ortFrom(ort)).toBe(ort);
    expect(() => ortFrom({})).toThrow('its module is empty');
  });
  test('lacks the chosen execution provider', async () => {
    const backend = onnx({ executionProviders: ['abacus'] });
    expect(await backend.probe()).toEqual({ available: false, reason: expect.stringContaining('abacus') });
  });
  test('threads must be a count', () => {
    expect(() => onnx({ threads: 0 })).toThrow('threads must be an integer from 1 to 256, got 0');
  });
});

test('a run whose onProgress throws rejects with that error, and the next one runs', async () => {
  const backend = onnx({ threads: 1 });
  const { graph, inputs } = attention(call(8));
  const executable = await backend.compile(graph);
  const error = new Error('mine');
  const onProgress = () => {
    throw error;
  };
  await expect(executable.run(inputs, { onProgress })).rejects.toBe(error);
  expect(await executable.run(inputs)).toHaveProperty('out');
  await backend.dispose();
});

test('the probe names everything that stored speeds depend on', async () => {
  const featuresOf = async (backend: Backend) => {
    const probe = await backend.probe();
    return probe.available ? JSON.stringify(probe.features) : probe.reason;
  };
  const sessionOptions = { graphOptimizationLevel: 'disabled' };
  const backends = [onnx(), onnx({ portable: true }), onnx({ threads: 1 }), onnx({ sessionOptions })];
  expect(new Set(await Promise.all(backends.map(featuresOf))).size).toBe(4);
});

test('a compilation during which the backend is disposed is rejected', async () => {
  const backend = onnx({ threads: 1 });
  await backend.probe();
  const compiling = backend.compile(attention(call(8)).graph);
  await backend.dispose();
  await expect(compiling).rejects.toMatchObject({ code: 'DISPOSED' });
});

describe('models that ONNX Runtime refuses', () => {
  const refused = async (opType: string, domain: string): Promise<unknown> => {
    const model = new OnnxModelBuilder();
    const type = { dtype: 'f32', shape: [1] } as const;
    model.main.output(model.main.op(opType, [model.main.input('x', type)], {}, domain), type);
    return ort.InferenceSession.create(encodeModel(model, 'test').model).catch((error: unknown) => error);
  };
  test('an unknown operator', async () => {
    const error = compileError(await refused('AttentionOfTomorrow', 'com.microsoft'));
    expect(error).toMatchObject({ code: 'COMPILE_FAILED' });
    expect(error.message).toMatch(/ONNX Runtime refused the model: .*AttentionOfTomorrow/);
  });
  test('a standard operator of a later opset', async () => {
    expect(compileError(await refused('RMSNormalization', '')).message).toContain('RMSNormalization');
  });
});

describe('errors of a run', () => {
  test.each([
    ['bad allocation', 'OUT_OF_MEMORY'],
    ['Failed to allocate memory for requested buffer of size 99', 'OUT_OF_MEMORY'],
    ['indices element out of data bounds, idx=9 must be within [0,3]', 'INVALID_ARGUMENT'],
    ['something else', 'RUN_FAILED'],
  ])('%s', (message, code) => expect(runError(new Error(message))).toMatchObject({ code }));
});

test('memory does not grow with runs, nor with sessions', async () => {
  const backend = onnx({ threads: 1 });
  const run = async (n: number, times: number): Promise<void> => {
    const { graph, inputs } = attention(call(n));
    const executable = await backend.compile(graph);
    for (let i = 0; i < times; i++) await executable.run(inputs);
    executable.dispose();
  };
  const cycle = async (): Promise<void> => {
    for (let n = 400; n < 440; n++) await run(n, 3);
  };
  await cycle();
  const before = process.memoryUsage.rss();
  for (let i = 0; i < 4; i++) await cycle();
  await backend.dispose();
  // 160 sessions and 480 runs, each of which takes more than 0.3 MB.
  expect(process.memoryUsage.rss() - before).toBeLessThan(60e6);
});

test('calls of one shape share a session, whatever they are fed', async () => {
  let sessions = 0;
  const inner = onnx({ threads: 1 });
  const backend = new Proxy(inner, {
    get: (target, name) => {
      if (name === 'compile') sessions += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const attn = await createAttn({ backends: [backend] });
  const keyMask = (visibleKeys: number) => ({
    dtype: 'bool' as const,
    shape: [1, 100],
    data: Uint8Array.from({ length: 100 }, (_, i) => Number(i < visibleKeys)),
  });
  const results = [];
  for (const visibleKeys of [100, 40, 3])
    results.push((await attn.attention({ ...call(100), keyMask: keyMask(visibleKeys) })).out);
  expect(sessions).toBe(1);
  expect(results[0].data).not.toEqual(results[1].data);
  // A query all of whose keys are masked gives zeros.
  expect(results[2].data.slice(-16)).toEqual(new Float32Array(16));
  await attn.dispose();
});
