// A window over 16,384 tokens, as a script: npm start
import { createAttn } from '@attn/auto';
import { f32, slidingWindow } from '@attn/core';

const [heads, n, headDim] = [8, 16_384, 64];
const random = () =>
  f32([1, heads, n, headDim], Float32Array.from({ length: heads * n * headDim }, Math.random));
const call = { q: random(), k: random(), v: random(), pattern: slidingWindow({ before: 256, after: 256 }) };

const attn = await createAttn();
const start = performance.now();
const { out, backend } = await attn.attention(call);
const seconds = (performance.now() - start) / 1000;
console.log(`${out.shape[2]} tokens by ${backend}: ${Math.round(n / seconds)} tokens a second`);
await attn.dispose(); // no thread is left, so that the process can end
