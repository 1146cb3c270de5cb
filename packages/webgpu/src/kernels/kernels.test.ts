// All kernels in all variants are valid WGSL, by Dawn's own compiler. One variant of each stands in a file to
// be read; of attention, which is long, the other variants are hashed, so that a change in any of them shows.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { score } from '@attn/core';
import { scoreOptions } from '../ops/attention-score.ts';
import { nullDevice } from '../device/null-device.testing.ts';
import { PipelineCache, type KernelSource } from '../device/pipeline-cache.ts';
import { attentionKernel } from './attention/attention.wgsl.ts';
import { attentionWorkgroupBytes, type AttentionOptions } from './attention/options.ts';
import { binaryKernel, fillKernel, gatherKernel, unaryKernel } from './elementwise.ts';
import { expertLinearKernel } from './expert-linear.ts';
import { gemmKernel } from './gemm.ts';
import { largeGemmKernel } from './gemm-large.ts';
import { lshHashKernel } from './lsh/hash.ts';
import { meetingsKernel } from './lsh/meetings.ts';
import { mergeRoundsKernel } from './lsh/merge-rounds.ts';
import { mergeKernel } from './merge.ts';
import { maskKernel } from './mask.ts';
import { moveKernel } from './move.ts';
import { sortCountKernel, sortMoveKernel, sortScanKernel } from './radix-sort.ts';
import { packBytesKernel, quantizedEmbeddingKernel } from './quantized/embedding.ts';
import { integerGemmKernel } from './quantized/integer-gemm.ts';
import { reduceKernel } from './reduce.ts';
import { layerNormKernel, rowScalesKernel, softmaxKernel, unitKeysKernel } from './rows.ts';
import { topKKernel } from './top-k.ts';
import { attention, others, PLAIN } from './variants.testing.ts';

test.each([
  ['attention', attention],
  ['the others', others],
])('%s compile', async (_name, kernels) => {
  const device = await nullDevice();
  const cache = new PipelineCache(device);
  for (const kernel of kernels) {
    // The null device has 16 kB of shared memory and 8 storage buffers: of what needs more only the shader
    // can be validated.
    const buffers = kernel.code.match(/var<storage/g)?.length ?? 0;
    if (buffers > 8 || /^attention (\d+ (64|32 8)|8 32) /.test(kernel.name)) {
      const { messages } = await device.createShaderModule({ code: kernel.code }).getCompilationInfo();
      expect(messages.map(({ lineNum, message }) => `${kernel.name}, line ${lineNum}: ${message}`)).toEqual(
        [],
      );
    } else {
      await cache.get(kernel);
    }
  }
  // A name says which variant it is.
  expect(new Set(kernels.map(({ name }) => name)).size).toBe(kernels.length);
});

test('a score with every operation compiles', async () => {
  const own = score((s, { b, h, q, k, number, table, integers, select }) => {
    const place = q.mul(3).sub(k).add(b).div(4).mod(9).max(-2).min(7).abs().neg();
    const element = table('t')
      .at(place, integers('i').at())
      .div(h)
      .max(s)
      .min(number(2))
      .log()
      .exp()
      .tanh()
      .sin()
      .cos();
    const all = q
      .eq(k)
      .or(q.ne(k), q.lt(k), q.le(k))
      .and(q.gt(k), q.ge(-(2 ** 31)))
      .not();
    const any = s.eq(1).or(s.ne(1), s.lt(1), s.le(1)).and(s.gt(0.5), s.ge(-Infinity));
    return select(all, select(any, element.abs().neg().mul(s).sub(h), Infinity), select(any, q, k));
  });
  const options = scoreOptions(own, ['f32', 'i32']);
  await expect(options.body).toMatchFileSnapshot('__snapshots__/score-body.wgsl');
  const kernel = attentionKernel({ ...PLAIN, rows: 16, score: options });
  await expect(new PipelineCache(await nullDevice()).get(kernel)).resolves.toBeDefined();
});

test('a kernel that does not compile says where and why', async () => {
  const cache = new PipelineCache(await nullDevice());
  await expect(cache.get({ name: 'broken', code: 'fn main() { let x = y; }' })).rejects.toMatchObject({
    code: 'COMPILE_FAILED',
    message: expect.stringMatching(/kernel broken does not compile: line 1:21: unresolved value 'y'/),
  });
  expect(cache.count).toBe(0);
});

test('shared memory is what was said', () => {
  for (const [rows, depth, groups] of [
    [64, 8, 1],
    [64, 4, 4],
    [32, 4, 4],
    [16, 4, 1],
    [16, 4, 8],
  ] as const) {
    const { code } = attentionKernel({ ...PLAIN, rows, depth, groups });
    const vectors = [...code.matchAll(/var<workgroup> \w+: array<vec4f, (\d+)>/g)].map(([, count]) =>
      Number(count),
    );
    const bytes = 16 * vectors.reduce((sum, count) => sum + count, 0);
    expect(attentionWorkgroupBytes({ rows, depth, groups })).toBeGreaterThan(bytes);
    expect(attentionWorkgroupBytes({ rows, depth, groups })).toBeLessThan(bytes + 256);
  }
  const chunks = { hasMeetings: true, hasMask: true };
  for (const options of [{}, { chunks }]) {
    expect(attentionWorkgroupBytes({ rows: 64, depth: 8, groups: 8, ...options })).toBeLessThan(49_152);
    expect(attentionWorkgroupBytes({ rows: 64, depth: 4, groups: 8, ...options })).toBeLessThan(32_768);
    expect(attentionWorkgroupBytes({ rows: 32, depth: 4, groups: 4, ...options })).toBeLessThan(16_384);
  }
});

const PRODUCT = { hasBias: false, activation: undefined, storage: 'f32' } as const;
const Q8 = { bits: 8, zero: 128, isAligned: true } as const;
const F16 = { bits: 16, float: 'f16', zero: 0, isAligned: true } as const;
const Q4 = { bits: 4, zero: undefined, isAligned: true } as const;

/** One variant of each kernel, to be read. */
const TEXTS: Readonly<Record<string, KernelSource>> = {
  attention: attentionKernel({ ...PLAIN, state: 'lse' }),
  merge: mergeKernel({ hasLse: true, storage: 'f32' }),
  gemm: gemmKernel({ hasBias: true, activation: 'gelu', storage: 'f32' }),
  'gemm-large': largeGemmKernel({ hasBias: false, activation: undefined, storage: 'f32' }),
  'gemm-codes': gemmKernel({ ...PRODUCT, weight: Q4 }),
  'gemm-halves': gemmKernel({ ...PRODUCT, weight: F16 }),
  'gemm-large-codes': largeGemmKernel({ ...PRODUCT, weight: Q8 }),
  'integer-gemm': integerGemmKernel({ ...PRODUCT, weight: Q4, tile: 64, isPacked: false }),
  'integer-gemm-packed': integerGemmKernel({ ...PRODUCT, weight: Q8, tile: 128, isPacked: true }),
  'quantized-embedding': quantizedEmbeddingKernel(Q4),
  'pack-bytes': packBytesKernel(),
  'row-scales': rowScalesKernel({ storage: 'f16', subgroups: false }),
  softmax: softmaxKernel({ storage: 'f32', subgroups: false }),
  'softmax-subgroups': softmaxKernel({ storage: 'f32', subgroups: true }),
  'layer-norm': layerNormKernel({ hasWeight: true, hasBias: true, storage: 'f16', subgroups: false }),
  binary: binaryKernel('add', 2, 'f32'),
  unary: unaryKernel('tanh', 'rounded'),
  gather: gatherKernel('u32'),
  fill: fillKernel('f16'),
  move: moveKernel(3, 'u32'),
  mask: maskKernel(2, 'u32'),
  reduce: reduceKernel('max', 'f32'),
  'top-k': topKKernel('u32', 64),
  'expert-linear': expertLinearKernel({ hasBias: true, storage: 'f32' }),
  'lsh-hash': lshHashKernel({ x: 'f32', rotations: 'f32', hasMask: true }),
  'sort-count': sortCountKernel(),
  'sort-scan': sortScanKernel(),
  'sort-move': sortMoveKernel(),
  'unit-keys': unitKeysKernel({ x: 'f16', subgroups: false }),
  meetings: meetingsKernel({ hasBuckets: true }),
  'merge-rounds': mergeRoundsKernel({ hasMask: true, hasLse: true, storage: 'f32' }),
};

test.each(Object.entries(TEXTS))('%s as text', async (name, { code }) => {
  await expect(code).toMatchFileSnapshot(`__snapshots__/${name}.wgsl`);
});

test('attention in each option, as a hash', async () => {
  const options: readonly Partial<AttentionOptions>[] = [
    {},
    { depth: 8 },
    { rows: 32 },
    { rows: 16 },
    { groups: 2 },
    { subgroups: true },
    { wholeHeads: false },
    { wholeValues: false },
    { input: 'f16', output: 'f16' },
    { output: 'rounded' },
    { alibi: 'f32' },
    { relative: 'f32' },
    { bias: 'f16' },
    { state: 'lse' },
    { state: 'part' },
    ...[true, false].flatMap((hasMeetings) =>
      [true, false].map((hasMask) => ({ state: 'part' as const, chunks: { hasMeetings, hasMask } })),
    ),
  ];
  const lines = options.map((option) => {
    const { name, code } = attentionKernel({ ...PLAIN, ...option });
    return `${createHash('sha256').update(code).digest('hex').slice(0, 16)} ${name}\n`;
  });
  expect(new Set(lines).size).toBe(options.length);
  await expect(lines.join('')).toMatchFileSnapshot('__snapshots__/attention-variants.txt');
});
