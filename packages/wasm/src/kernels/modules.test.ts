/** The engine accepts every module that can be emitted. */
import { score } from '@attn/core';
import { ACTIVATIONS } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { attentionModule } from './attention/row-block.ts';
import type { Simd } from './arithmetic.ts';
import { gemmModule } from './gemm.ts';
import { lshModule } from './lsh/attend.ts';
import { hashModule } from './lsh/hash.ts';
import { multiplyModule } from './quantized/multiply.ts';
import { packCodesModule } from './quantized/pack.ts';
import { quantizeRowsModule } from './quantized/rows.ts';
import { normalizeModule } from './normalize.ts';
import { pointwiseModule } from './pointwise.ts';
import { reduceModule } from './reduce.ts';
import { sortModule } from './sort.ts';
import type { ModuleBuilder } from '../assembler/index.ts';

/** A score with every operation. */
const SCORE = score((s, { b, h, q, k, table, integers, select }) => {
  const place = q.mul(3).sub(k).add(b).div(4).mod(9).max(-2).min(7).abs().neg();
  const number = table('t')
    .at(place, integers('i').at())
    .div(h)
    .max(s)
    .min(2)
    .log()
    .exp()
    .tanh()
    .sin()
    .cos()
    .abs()
    .neg();
  const all = q.eq(k).or(q.ne(k), q.lt(k), q.le(k)).and(q.gt(k), q.ge(k)).not();
  const any = s.eq(1).or(s.ne(1), s.lt(1), s.le(1)).and(s.gt(0.5), s.ge(0.5));
  return select(all, select(any, number.mul(s), -Infinity), select(any, q, k));
});

const SIMD: readonly Simd[] = ['relaxed', 'plain'];
const DIMS = [1, 8, 32, 63, 64, 80, 128, 256];
const isValid = (module: ModuleBuilder): boolean => WebAssembly.validate(module.toBytes());

test.each(SIMD)('attention, %s SIMD, for any dims and terms', (simd) => {
  DIMS.forEach((headDim, index) => {
    for (let bits = index % 2; bits < 16; bits += 3) {
      const [softcap, alibi, relative, bias] = [1, 2, 4, 8].map((bit) => (bits & bit) > 0);
      const terms = { softcap, alibi, relative, bias, score: bits % 5 === 0 ? SCORE : undefined };
      const valueDim = DIMS[(index + bits) % DIMS.length];
      const sharedMemory = bits % 2 === 0;
      expect(isValid(attentionModule({ simd, sharedMemory, headDim, valueDim, terms }))).toBe(true);
    }
  });
});

test.each(SIMD)('hashing and LSH attention, %s SIMD, for any dims and options', (simd) => {
  DIMS.forEach((headDim, index) => {
    const sharedMemory = index % 2 === 0;
    expect(isValid(hashModule({ simd, sharedMemory, headDim }))).toBe(true);
    for (const duplicates of ['each', 'once', 'lucidrains'] as const) {
      for (const [causal, withinBuckets] of [
        [index % 3 === 0, true],
        [index % 3 !== 0, false],
      ]) {
        const valueDim = DIMS[(3 * index + 1) % DIMS.length];
        const keyNorm = causal ? 'rms' : 'l2';
        const options = { headDim, valueDim, keyNorm, causal, withinBuckets, duplicates } as const;
        expect(isValid(lshModule({ simd, sharedMemory, ...options }))).toBe(true);
      }
    }
  });
});

test.each(SIMD)('products, element-wise kernels, normalisation and sorting, %s SIMD', (simd) => {
  for (const sharedMemory of [true, false]) {
    for (const activation of [undefined, ...ACTIVATIONS]) {
      expect(isValid(gemmModule({ simd, sharedMemory, activation }))).toBe(true);
    }
    expect(isValid(pointwiseModule({ simd, sharedMemory }))).toBe(true);
    expect(isValid(normalizeModule({ simd, sharedMemory }))).toBe(true);
    expect(isValid(reduceModule({ sharedMemory }))).toBe(true);
    expect(isValid(sortModule({ sharedMemory }))).toBe(true);
  }
});

test.each(SIMD)('products with quantised weights, %s SIMD', (simd) => {
  for (const sharedMemory of [true, false]) {
    expect(isValid(quantizeRowsModule({ sharedMemory }))).toBe(true);
    expect(isValid(packCodesModule({ bits: 16, sharedMemory }))).toBe(true);
    for (const float of ['f16', 'bf16'] as const) {
      const halves = { bits: 16, float, form: 'numbers', hasZeros: false, activation: undefined } as const;
      expect(isValid(multiplyModule({ simd, sharedMemory, ...halves }))).toBe(true);
    }
    for (const bits of [4, 8] as const) {
      expect(isValid(packCodesModule({ bits, sharedMemory }))).toBe(true);
      for (const form of ['numbers', 'integers'] as const) {
        for (const activation of [undefined, ...ACTIVATIONS]) {
          const hasZeros = activation !== undefined;
          const options = { simd, sharedMemory, form, bits, hasZeros, activation };
          expect(isValid(multiplyModule(options))).toBe(true);
        }
      }
    }
  }
});
