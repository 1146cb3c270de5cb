import { causal, GraphBuilder, slidingWindow, type Graph } from '@attn/core';
import { attention } from '@attn/core';
import { type GraphNode } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { cpu } from './index.ts';

const f32 = (...shape: number[]) => ({ dtype: 'f32', shape, data: new Float32Array(0) }) as const;

/** One call of attention of these sizes; only specs matter. */
function attentionGraph(length: number, more: object = {}): Graph {
  const builder = new GraphBuilder();
  const spec = { dtype: 'f32', shape: [1, 8, length, 64] } as const;
  const inputs = { q: builder.input('q', spec), k: builder.input('k', spec), v: builder.input('v', spec) };
  return builder.build({ out: builder.attention(inputs, { pattern: causal(), ...more }).out });
}

test('probe always finds JavaScript', async () => {
  const probe = await cpu().probe();
  expect(probe).toMatchObject({
    available: true,
    summary: 'plain JavaScript, 1 thread',
    features: { threads: 1 },
  });
});

describe('supports', () => {
  test('says which kernel is missing', () => {
    const graph = attentionGraph(8);
    const unknown: GraphNode = JSON.parse('{"op":"convolution","inputs":{},"attributes":{},"outputs":[]}');
    expect(cpu().supports(unknown, graph)).toBe('there is no plain JavaScript kernel for convolution');
  });
});

describe('estimate', () => {
  test('follows the pattern, not the square of the length', () => {
    const backend = cpu();
    const window = slidingWindow({ before: 128, after: 0 });
    const short = backend.estimate(attentionGraph(4096, { pattern: window }));
    const long = backend.estimate(attentionGraph(16384, { pattern: window }));
    expect(long / short).toBeGreaterThan(3.8);
    expect(long / short).toBeLessThan(4.2);
    expect(backend.estimate(attentionGraph(4096)) / short).toBeGreaterThan(8);
  });

  test('of a pattern whose data comes at run time is that of the pattern at its plainest', () => {
    const builder = new GraphBuilder();
    const spec = { dtype: 'f32', shape: [1, 8, 512, 64] } as const;
    const inputs = { q: builder.input('q', spec), k: builder.input('k', spec), v: builder.input('v', spec) };
    const keyLengths = builder.input('keyLengths', { dtype: 'i32', shape: [1] });
    const { out } = builder.attention({ ...inputs, keyLengths }, { pattern: causal() });
    const backend = cpu();
    expect(backend.estimate(builder.build({ out }))).toBeCloseTo(backend.estimate(attentionGraph(512)), 9);
  });

  test('counts every op', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [64, 64] });
    const backend = cpu();
    const single = backend.estimate(builder.build({ out: builder.linear(x, x) }));
    expect(single).toBeGreaterThan(0);
    const more = builder.gelu(builder.matmul(builder.linear(x, x), x));
    expect(backend.estimate(builder.build({ out: more }))).toBeGreaterThan(single);
  });
});

describe('compile and dispose', () => {
  const call = { q: f32(1, 1, 0, 4), k: f32(1, 1, 0, 4), v: f32(1, 1, 0, 4) };

  test('an aborted signal stops compilation', async () => {
    const compiling = cpu().compile(attention(call).graph, { signal: AbortSignal.abort() });
    await expect(compiling).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('after dispose nothing is compiled; disposing twice is fine', async () => {
    const backend = cpu();
    await backend.dispose();
    await backend.dispose();
    await expect(backend.compile(attention(call).graph)).rejects.toMatchObject({ code: 'DISPOSED' });
  });

  test('a disposed executable refuses to run', async () => {
    const executable = await cpu().compile(attention(call).graph);
    await executable.run(call);
    executable.dispose();
    executable.dispose();
    await expect(executable.run(call)).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});
