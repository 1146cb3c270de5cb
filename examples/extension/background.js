// The extension's service worker: answers the popup. It has one thread, its own.
import { createAttn, f32, slidingWindow } from '@attn/core';
import { wasm } from '@attn/wasm';

const ready = createAttn({ backends: [wasm({ offMainThread: false })] });

async function attend(n) {
  const attn = await ready;
  const x = f32([1, 8, n, 64], Float32Array.from({ length: 8 * n * 64 }, Math.random));
  const call = { q: x, k: x, v: x, pattern: slidingWindow({ before: 128, after: 128 }) };
  const { out, backend } = await attn.attention(call);
  return `${out.shape[2]} tokens by ${backend}`;
}

chrome.runtime.onMessage.addListener((n, _sender, answer) => {
  attend(n).then(answer, (error) => answer(error.message));
  return true; // the answer comes later
});
