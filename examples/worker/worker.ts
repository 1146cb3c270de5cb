// All work of the application that takes long: here the inputs are made, too.
import { createAttn } from '@attn/auto';
import { causal, f32 } from '@attn/core';

const ready = createAttn(); // a promise: the handler must be there before the first message comes

self.onmessage = async ({ data: n }: MessageEvent<number>) => {
  const attn = await ready;
  const x = f32([1, 8, n, 64], Float32Array.from({ length: 8 * n * 64 }, Math.random));
  const { out } = await attn.attention({ q: x, k: x, v: x, pattern: causal() });
  self.postMessage(out, { transfer: [out.data.buffer as ArrayBuffer] });
};
