// With Deno's own imports: `npm:@attn/core` and `npm:@attn/wasm`. Threads need --allow-read.
import { causal, createAttn, f32 } from '@attn/core';
import { wasm } from '@attn/wasm';

const attn = await createAttn({ backends: [wasm()] });
const x = f32([1, 8, 2048, 64], Float32Array.from({ length: 8 * 2048 * 64 }, Math.random));
const { out, backend } = await attn.attention({ q: x, k: x, v: x, pattern: causal() });
console.log(`${out.shape[2]} tokens by ${backend}`);
await attn.dispose();
