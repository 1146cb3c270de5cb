// A server: POST the numbers of one sequence, 8 heads of 64 each, as float32; the answer is their attention.
import { causal, createAttn, f32 } from '@attn/core';
import { wasm } from '@attn/wasm';

const [heads, headDim] = [8, 64];
const attn = await createAttn({ backends: [wasm({ offMainThread: true })] }); // the server's thread stays free

async function answer(request: Request): Promise<Response> {
  const bytes = await request.arrayBuffer();
  const n = bytes.byteLength / (4 * heads * headDim);
  if (n < 1 || !Number.isInteger(n)) return new Response(`expected whole tokens, got ${n}`, { status: 400 });
  const x = f32([1, heads, n, headDim], new Float32Array(bytes));
  const { out } = await attn.attention({ q: x, k: x, v: x, pattern: causal() }, { signal: request.signal });
  return new Response(out.data as Float32Array<ArrayBuffer>);
}

export default { port: process.env.PORT ?? 3000, fetch: answer };
