// For pages and the server alike: importing starts nothing, and there is one `attn` for the process or the page.
import { createAttn } from '@attn/auto';
import { f32, slidingWindow } from '@attn/core';

let attn;

export async function attend(n, signal) {
  attn ??= createAttn();
  const x = f32([1, 8, n, 64], Float32Array.from({ length: 8 * n * 64 }, Math.random));
  const call = { q: x, k: x, v: x, pattern: slidingWindow({ before: 128, after: 128 }) };
  const { out, backend } = await (await attn).attention(call, { signal });
  return { tokens: out.shape[2], backend };
}
