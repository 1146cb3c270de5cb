/** What a score costs beside its arithmetic: nothing is compiled again for other tables. */
import { attention, causal, f32, score, type Tensor } from '@attn/core';
import { afterEach, expect, test, vi } from 'vitest';
import { wasm } from '../index.ts';

afterEach(() => vi.restoreAllMocks());

const n = 70;
const x = f32(
  [1, 2, n, 8],
  Float32Array.from({ length: 16 * n }, (_, i) => Math.sin(i)),
);
const own = score((s, { h, q, k, table }) => s.add(table('bias').at(h, q.sub(k).add(3))));

test('other contents of tables compile nothing, other numbers come out', async () => {
  const backend = wasm({ threads: 1 });
  const compiled = vi.spyOn(WebAssembly, 'Module');
  const call = (bias: Tensor) =>
    attention({ q: x, k: x, v: x, pattern: causal(), score: own, tables: { bias } });
  const run = async (bias: Tensor): Promise<Tensor> => {
    const executable = await backend.compile(call(bias).graph);
    const { out } = await executable.run(call(bias).inputs);
    executable.dispose();
    return out;
  };
  const first = await run(f32([2, 4], [0, 1, 2, 3, 4, 5, 6, 7]));
  const modules = compiled.mock.calls.length;
  expect(modules).toBeGreaterThan(0);
  const second = await run(f32([2, 4], [7, 6, 5, 4, 3, 2, 1, 0]));
  const wider = await run(f32([2, 5], [7, 6, 5, 4, 3, 2, 1, 0, 1, 2]));
  expect(compiled.mock.calls).toHaveLength(modules);
  expect(second.data).not.toEqual(first.data);
  expect(wider.data).not.toEqual(second.data);
  await backend.dispose();
});
