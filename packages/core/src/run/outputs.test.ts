// Tensors of the caller for outputs, however a graph is run.
import { expect, test } from 'vitest';
import { attention } from '../calls/attention.ts';
import { f32, type Tensor } from '../tensor.ts';
import { createAttn } from './create-attn.ts';
import { fails, fakeBackend } from './fake-backend.testing.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const call = { q, k: q, v: f32([1, 1, 2, 1], [1, 3]), returnLse: true } as const;
const { graph, inputs } = attention(call);
const target = (): Tensor<'f32'> => f32([1, 1, 2, 1], new Float32Array(2));

test.each([true, false])(
  'every way to run writes to them (the backend keeps state: %s)',
  async (keepsState) => {
    await using attn = await createAttn({ backends: [fakeBackend('one', { keepsState })] });
    await using compiled = await attn.compile(graph);
    const runs = [
      (outputs: Record<string, Tensor>) => attn.attention(call, { outputs }),
      (outputs: Record<string, Tensor>) => attn.run(attention(call), { outputs, backend: 'one' }),
      (outputs: Record<string, Tensor>) => attn.run(graph, inputs, { outputs, onProgress: () => {} }),
      (outputs: Record<string, Tensor>) => compiled.run(inputs, { outputs }),
    ];
    for (const run of runs) {
      const out = target();
      const result: Readonly<Record<string, unknown>> = await run({ out });
      expect(result.out).toBe(out);
      expect(out).toEqual(f32([1, 1, 2, 1], [2, 2]));
      expect(result.lse).toBeDefined();
    }
  },
);

test('a run that starts again elsewhere writes to the same', async () => {
  const broken = fakeBackend('broken', {
    milliseconds: 0.1,
    onRun: (options) => {
      options?.outputs?.out.data.fill(7);
      fails('OUT_OF_MEMORY')();
    },
  });
  await using attn = await createAttn({ backends: [broken, fakeBackend('other')] });
  const out = target();
  const result = await attn.attention(call, { outputs: { out } });
  expect(result).toMatchObject({ backend: 'other', out: f32([1, 1, 2, 1], [2, 2]) });
  expect(result.out).toBe(out);
});

test('trials of backends write to none', async () => {
  const places: unknown[] = [];
  const onRun = (options: { readonly outputs?: unknown } = {}) => void places.push(options.outputs);
  const backends = ['a', 'b'].map((name) => fakeBackend(name, { onRun }));
  await using attn = await createAttn({ backends, tune: 'measure', cache: false });
  const outputs = { out: target() };
  await attn.attention(call, { outputs });
  expect(places.at(-1)).toEqual(outputs);
  expect(places.slice(0, -1).every((none) => none === undefined)).toBe(true);
  expect(places.length).toBeGreaterThan(2);
});

test('what is no place for outputs is refused, and no backend is blamed for it', async () => {
  const backends = [fakeBackend('one'), fakeBackend('two')];
  await using attn = await createAttn({ backends });
  for (const [outputs, message] of [
    [7, 'outputs must be an object of tensors, got 7'],
    [{ output: target() }, 'there is no output "output"; known are out, lse'],
    [{ out: q }, 'outputs.out must have memory of its own, got that of input q'],
  ] as const) {
    await expect(attn.attention(call, { outputs: outputs as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  }
  expect(backends.map(({ counts }) => counts.ran)).toEqual([2, 0]);
});
