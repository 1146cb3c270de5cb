/**
 * Addresses of 2 GiB and more, which are negative as signed words. Tests the built files, which threads load.
 */
import { causal, f32, slidingWindow, type Tensor } from '@attn/core';
import { attention } from '@attn/core';
import { expect, test } from 'vitest';
import { wasmBackend } from '../../dist/backend.js';
import { wasm } from '../../dist/index.js';
import { addressIn, WORD } from './control.ts';

test.each([2 ** 31 - 64, 2 ** 31, 2 ** 32 - 64])('address %d survives in a word', (address) => {
  const words = new Int32Array(16);
  words[WORD.tasks] = address;
  expect(addressIn(words, WORD.tasks)).toBe(address);
});

test.each([2 ** 31 - 2 ** 20, 3 * 2 ** 30])(
  'threads find their work in a heap that begins at %d',
  async (heapStart) => {
    const shape = [1, 4, 900, 32];
    const x = f32(
      shape,
      Float32Array.from({ length: 4 * 900 * 32 }, (_, i) => Math.sin(i)),
    );
    const call = { q: x, k: x, v: x, pattern: causal() };
    const outputs: (Tensor | undefined)[] = [];
    for (const start of [undefined, heapStart]) {
      const backend = wasmBackend({ threads: 2, offMainThread: false, heapStart: start });
      const executable = await backend.compile(attention(call).graph);
      // Helpers that have just been started come too late for the first run.
      for (let run = 0; run < 3; run++) {
        outputs.push((await executable.run(attention(call).inputs)).out);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await backend.dispose();
    }
    for (const out of outputs) expect(out).toEqual(outputs[0]);
  },
);

// These tests take gigabytes, so they run in the whole suite only.
if (process.env.ATTN_SUITE === 'whole') {
  /**
   * Runs a head that attends to itself and the token before, with q = k, so that each row is a
   * mean of two rows.
   */
  const run = async (n: number, threads: number): Promise<number> => {
    const dim = 128;
    const data = new Float32Array(n * dim);
    for (let i = 0; i < data.length; i += dim) data[i] = i / dim;
    const v = f32([1, 1, n, dim], data);
    const q = f32([1, 1, n, dim], new Float32Array(n * dim));
    const call = { q, k: q, v, pattern: slidingWindow({ before: 1, after: 0 }) };
    const backend = wasm({ threads });
    try {
      const executable = await backend.compile(attention(call).graph);
      const { out } = await executable.run(attention(call).inputs);
      for (let row = 1; row < n; row++) if (out.data[row * dim] !== row - 0.5) return row;
      return n;
    } finally {
      await backend.dispose();
    }
  };

  test.each([1, 2])(
    'a call beyond 2 GiB, on %d threads',
    async (threads) => {
      expect(await run(1_050_000, threads)).toBe(1_050_000);
    },
    240_000,
  );

  test('a call beyond 4 GiB', async () => {
    await expect(run(2_200_000, 2)).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringContaining('WebAssembly has addresses for 4 GiB'),
    });
  }, 240_000);
}
