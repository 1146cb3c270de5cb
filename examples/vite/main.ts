// Attention in a page, with progress and a button that stops it.
import { createAttn } from '@attn/auto';
import { f32, slidingWindow } from '@attn/core';

const find = <K extends keyof HTMLElementTagNameMap>(tag: K, id = '') =>
  document.querySelector(`${tag}${id}`) as HTMLElementTagNameMap[K];

const attn = await createAttn(); // one for the whole page
const x = f32([1, 8, 8192, 64], Float32Array.from({ length: 8 * 8192 * 64 }, Math.random));
let stopping = new AbortController();

find('button', '#start').onclick = async () => {
  stopping = new AbortController();
  const call = { q: x, k: x, v: x, pattern: slidingWindow({ before: 256, after: 256 }) };
  const { out, backend } = await attn.attention(call, {
    signal: stopping.signal,
    onProgress: ({ done, total }) => (find('progress').value = done / total),
  });
  find('output').textContent = `${out.shape[2]} tokens by ${backend}`;
};
find('button', '#stop').onclick = () => stopping.abort();
