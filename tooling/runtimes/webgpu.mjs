// The WebGPU backend on a runtime's own WebGPU. Deno's is wgpu, whose WGSL compiler is another
// one and lacks subgroups: it compiles every kernel without subgroups, and a call of each kind is
// right by the float64 reference. Deno runs this in `npm run check`, on a GPU made of software.
import { createAttn, f32, globalTokens, lsh, or, slidingWindow } from '../../packages/core/dist/index.js';
import { attentionReference, evaluateReference, toReference } from '../../packages/core/dist/reference.js';
import { webgpu } from '../../packages/webgpu/dist/index.js';
import { attention, others } from '../../packages/webgpu/src/kernels/variants.testing.ts';

/** A tensor in shared memory, from which no device can be written. */
const tensor = (length, dim, seed) => {
  const data = new Float32Array(new SharedArrayBuffer(8 * length * dim));
  for (let i = 0; i < data.length; i++) data[i] = Math.sin((i + 1) * seed);
  return f32([1, 2, length, dim], data);
};

const backend = webgpu();
const attn = await createAttn({ backends: [backend] });
const [probe] = attn.probe();
if (!probe.available) throw new Error(`no WebGPU here: ${probe.reason}`);
console.log(`webgpu on ${globalThis.Deno ? `deno ${Deno.version.deno}` : process.version}: ${probe.summary}`);

const window = or(slidingWindow({ before: 20, after: 20 }), globalTokens([0, 77]));
for (const [name, queries, keys, dim, pattern] of [
  ['window and global tokens', 150, 150, 12, window],
  ['heads of 7', 70, 70, 7, slidingWindow({ before: 9, after: 0 })],
  ['few queries', 2, 1000, 16, slidingWindow({ before: 2000, after: 0 })],
]) {
  const [q, k, v] = [tensor(queries, dim, 1.3), tensor(keys, dim, 0.7), tensor(keys, dim, 0.31)];
  const { out } = await attn.attention({ q, k, v, pattern });
  const inputs = { q: toReference(q), k: toReference(k), v: toReference(v) };
  const expected = attentionReference(inputs, { pattern })[0].data;
  const worst = out.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  console.log(`  ${name}: greatest error ${worst.toExponential(1)}`);
  if (!(worst < 2e-5)) throw new Error(`${name} is wrong by ${worst}`);
}
for (const preset of ['hf', 'paper', 'lucidrains']) {
  const options = { preset, chunkLength: 16, rounds: 3, causal: preset === 'hf' };
  const duplicates = preset === 'lucidrains' ? preset : undefined;
  const call = { q: tensor(150, 12, 1.3), v: tensor(150, 12, 0.31), ...options, duplicates };
  const { out, order, buckets } = await attn.run(lsh({ ...call, returnOrder: true }));
  const [hashed, asTold] = [lsh({ ...call, returnOrder: true }), lsh({ ...call, order, buckets })].map(
    ({ graph, inputs }) => evaluateReference(graph, inputs),
  );
  // Rounding may decide between two buckets now and then; what
  // follows is right for the buckets that were found.
  const same =
    buckets.data.filter((bucket, i) => bucket === hashed.buckets.data[i]).length / buckets.data.length;
  const worst = out.data.reduce((most, value, i) => Math.max(most, Math.abs(value - asTold.out.data[i])), 0);
  const sorted = order.data.every((token, i) => {
    const row = i - (i % 150);
    const [before, now] = [order.data[i - 1], token].map((each) => buckets.data[row + each]);
    return i === row || before < now || (before === now && order.data[i - 1] < token);
  });
  console.log(`  LSH attention, ${preset}: greatest error ${worst.toExponential(1)}`);
  if (!(worst < 2e-5 && sorted && same > 0.99)) {
    throw new Error(`LSH attention (${preset}) is wrong by ${worst}, buckets ${same}, sorted ${sorted}`);
  }
}
await attn.dispose();

const adapter = await navigator.gpu.requestAdapter();
const hasF16 = adapter.features.has('shader-f16');
const device = await adapter.requestDevice({ requiredFeatures: hasF16 ? ['shader-f16'] : [] });
const hasPackedDot = navigator.gpu.wgslLanguageFeatures?.has('packed_4x8_integer_dot_product') ?? false;
const kernels = [...attention, ...others].filter(
  ({ code }) =>
    !code.includes('enable subgroups') &&
    (hasF16 || !code.includes('enable f16')) &&
    (hasPackedDot || !code.includes('dot4I8Packed')),
);
for (const { name, code } of kernels) {
  device.pushErrorScope('validation');
  device.createShaderModule({ code });
  const error = await device.popErrorScope();
  if (error !== null) throw new Error(`kernel ${name} does not compile: ${error.message}`);
}
console.log(
  `  ${kernels.length} kernels compile${hasF16 ? '' : ', those with halves left out: the adapter has none'}`,
);
device.destroy();
