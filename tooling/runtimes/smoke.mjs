// A test for every JavaScript runtime: it computes a call on the WebAssembly
// backend, on one thread and on two, with equal bits and right by the
// float64 reference, and then ends. Deno and Bun run it in `npm run check`.
import { f32, globalTokens, or, slidingWindow } from '../../packages/core/dist/index.js';
import { attentionReferenceRows } from '../../packages/core/dist/reference.js';
import { wasm } from '../../packages/wasm/dist/index.js';
import { createAttn } from '../../packages/core/dist/index.js';

const [heads, n, dim] = [4, 1500, 32];
const tensor = (seed) =>
  f32(
    [1, heads, n, dim],
    Float32Array.from({ length: heads * n * dim }, (_, i) => Math.sin(i * 12.9898 + seed) * 2),
  );
/** A copy of a tensor in other memory. */
const moved = ({ shape, data }, buffer) => {
  const copy = new Float32Array(buffer);
  copy.set(data);
  return f32(shape, copy);
};
const bytes = 4 * heads * n * dim;
const q = tensor(1);
const k = moved(tensor(2), new SharedArrayBuffer(bytes));
const v = moved(tensor(3), new ArrayBuffer(bytes, { maxByteLength: 2 * bytes }));
const pattern = or(slidingWindow({ before: 100, after: 100 }), globalTokens([0, 700]));
const runtime = globalThis.Deno
  ? `deno ${Deno.version.deno}`
  : globalThis.Bun
    ? `bun ${Bun.version}`
    : `node ${process.version}`;

const outs = [];
for (const options of [
  { threads: 1 },
  { threads: 2 },
  { sharedMemory: false },
  { threads: 2, offMainThread: true },
]) {
  const attn = await createAttn({ backends: [wasm(options)] });
  // The second call finds the helper threads awake.
  await attn.attention({ q, k, v, pattern });
  const start = performance.now();
  const { out } = await attn.attention({ q, k, v, pattern });
  console.log(`${runtime}: ${attn.probe()[0].summary}, ${(performance.now() - start).toFixed(1)} ms`);
  outs.push(out.data);
  await attn.dispose();
}

const rows = [0, 1, 63, 64, 700, n - 1].map((row) => ({ batch: 0, head: row % heads, row }));
const expected = attentionReferenceRows({ q, k, v }, { pattern }, rows).out.data;
let worst = 0;
rows.forEach(({ head, row }, index) => {
  for (let d = 0; d < dim; d++) {
    const difference = outs[0][(head * n + row) * dim + d] - expected[index * dim + d];
    worst = Math.max(worst, Number.isNaN(difference) ? Infinity : Math.abs(difference));
  }
});
const same = outs.every((out) => out.every((value, i) => Object.is(value, outs[0][i])));
console.log(
  `${runtime}: greatest error ${worst.toExponential(1)}, ${same ? 'the same bits' : 'DIFFERENT BITS'} in all settings`,
);
if (!(worst < 1e-5) || !same) throw new Error(`${runtime} computes something else`);
