// What an installed combination must do, in whichever runtime: start, list what is there and what is not,
// and compute on each backend what the float64 reference says.
import { f32, globalTokens, or, slidingWindow } from '@attn/core';
import { attentionReferenceRows } from '@attn/core/reference';

const [heads, n, dim] = [2, 300, 16];
const tensor = (seed) =>
  f32(
    [1, heads, n, dim],
    Float32Array.from({ length: heads * n * dim }, (_, i) => Math.sin(i * 12.9898 + seed) * 2),
  );

/** The greatest difference between some rows of a result and the reference. */
function worst(inputs, pattern, out) {
  const rows = [0, 1, 63, 64, 150, n - 1].map((row) => ({ batch: 0, head: row % heads, row }));
  const expected = attentionReferenceRows(inputs, { pattern }, rows).out.data;
  let most = 0;
  rows.forEach(({ head, row }, index) => {
    for (let d = 0; d < dim; d++) {
      const difference = Math.abs(out.data[(head * n + row) * dim + d] - expected[index * dim + d]);
      most = Math.max(most, Number.isNaN(difference) ? Infinity : difference);
    }
  });
  return most;
}

/** A call that is worth more than one thread. */
function longCall() {
  const shape = [1, 8, 2048, 64];
  const x = f32(
    shape,
    Float32Array.from({ length: 8 * 2048 * 64 }, (_, i) => Math.sin(i)),
  );
  return { q: x, k: x, v: x, pattern: slidingWindow({ before: 128, after: 128 }) };
}

/** One line per backend, and one for the call that names none; throws when something is not as it must be. */
export async function check(start, { backends, absent = [] }) {
  const attn = await start();
  const probes = Object.fromEntries(attn.probe().map((probe) => [probe.name, probe]));
  for (const name of absent) {
    if (probes[name]?.available !== false || !/not installed|could not be loaded/.test(probes[name].reason))
      throw new Error(`expected ${name} to be listed as not installed, got ${JSON.stringify(probes[name])}`);
  }
  const [q, k, v] = [1, 2, 3].map(tensor);
  const pattern = or(slidingWindow({ before: 30, after: 30 }), globalTokens([0, 150]));
  const lines = [];
  for (const name of backends) {
    if (!probes[name]?.available)
      throw new Error(`expected ${name} to work here, got ${JSON.stringify(probes[name])}`);
    const { out, backend } = await attn.attention({ q, k, v, pattern }, { backend: name });
    const error = worst({ q, k, v }, pattern, out);
    if (backend !== name || !(error < 2e-5)) throw new Error(`${name} is wrong by ${error}`);
    lines.push(`${name}: ${probes[name].summary}; error ${error.toExponential(0)}`);
  }
  const { backend } = await attn.attention(longCall());
  if (!backends.includes(backend)) throw new Error(`expected one of ${backends}, got ${backend}`);
  // Helper threads that do not start are given up after some calls; what was promised must still hold then.
  if (backends.includes('wasm')) {
    for (let i = 0; i < 4; i++) await attn.attention(longCall(), { backend: 'wasm' });
    await attn.reprobe();
    const { summary } = attn.probe().find(({ name }) => name === 'wasm');
    if (summary !== probes.wasm.summary) throw new Error(`wasm became ${summary}`);
  }
  await attn.dispose();
  return [...lines, `computed by ${backend}`];
}
