/**
 * Prints the milliseconds from before the imports to the first
 * result. `suites/start.ts` runs this in a fresh process.
 */
const start = performance.now();
const { createAttn, f32, full } = await import('@attn/core');
const { wasm } = await import('@attn/wasm');
const attn = await createAttn({ backends: [wasm()] });
const [heads, n, dim] = [8, 256, 64];
const x = f32([1, heads, n, dim], new Float32Array(heads * n * dim).fill(0.1));
await attn.attention({ q: x, k: x, v: x, pattern: full() });
process.stdout.write(String(performance.now() - start));
await attn.dispose();
export {};
