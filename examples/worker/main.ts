// The page sends a number of tokens and gets a tensor, whose memory moves here without a copy.
import type { Tensor } from '@attn/core';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }: MessageEvent<Tensor>) => {
  document.querySelector('output')?.append(`${data.shape[2]} tokens of ${data.shape[3]} numbers`);
};
document.querySelector('button')?.addEventListener('click', () => worker.postMessage(4096));
