/**
 * Logits over the whole range of float32. The softmax of a row depends only on the differences of its
 * logits, wherever the row lies. That also holds where masks are finite biases, as in Hugging Face's models,
 * and a wholly masked row lies at the least float32. The numbers are such that float32 holds the logits
 * exactly, or that the largest term of a logit absorbs all others: an error then is one of the softmax.
 */
import { causal, full, globalTokens, or, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import type { DataRecipe } from '../../data.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 4, after: 4 });
const marked = or(near, globalTokens([0, 40]));

/** The largest float32; what PyTorch calls finfo.min is its negative. */
export const LARGEST: number = 3.4028234663852886e38;

/**
 * Sizes from the point where float32 holds only integers to its end:
 * powers of two, and numbers that people write.
 */
const SIZES: readonly number[] = [1e5, 2 ** 24, 2 ** 25 + 4, 1e9, 3e10, 1e12, 1e20, 1e30, 2.3e38, LARGEST];

/** All sizes, with both signs. */
export const PLACES: readonly number[] = SIZES.flatMap((size) => [-size, size]);

/** Differences around huge numbers that float32 can still hold. */
export const STEPS: readonly DataRecipe[] = [
  // Maxima near and far, in steps that show in the weights.
  'integers*1@16777208',
  'integers*2@16777212',
  'integers*2@-16777222',
  'halves*0.5@-8388600',
  'integers*64@-1000000000',
  'integers*64@1000000000',
  'integers*1@-65504',
  `integers*${2 ** 80}@${-(2 ** 103)}`,
  `integers*${2 ** 104}@-3.4028234663852886e+38`,
  `halves*8.50705917302346e+37`,
];

export const rangeCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'A row that lies wholly at one place, however far from 0, is the mean of its values.',
    PLACES.map((place) => ({
      pattern: full(),
      n: 70,
      heads: 1,
      data: 'zeros',
      bias: 'k',
      biasData: `ones*${place}`,
    })),
  ),
  ...attentionCases(
    'So is one by q and k alone, without a bias.',
    [2 ** 12, 2 ** 17, 2 ** 30, 2 ** 62].flatMap((size) =>
      [1, -1].map((scale) => ({
        pattern: marked,
        n: 70,
        heads: 1,
        d: 1,
        scale,
        data: `ones*${size}` as const,
      })),
    ),
  ),
  ...attentionCases(
    'Masks at the least float32 on top of ordinary scores, under every pattern and mask.',
    cross(
      { n: 70, bias: 'qk', biasData: `ones*${-LARGEST}` },
      { pattern: [full(), causal(), near, marked], keyMask: [undefined, 'holes:40'] },
    ),
  ),
  ...attentionCases(
    'Steps in huge logits.',
    STEPS.flatMap((biasData) =>
      [full(), causal()].map((pattern) => ({
        pattern,
        n: 150,
        heads: 1,
        data: 'zeros' as const,
        bias: 'qk',
        biasData,
      })),
    ),
  ),
  ...attentionCases(
    'Huge products of q and k, of both signs.',
    cross(
      { n: 130, heads: 1, d: 4 },
      {
        pattern: [full(), causal(), marked],
        data: [8, 1024, 2 ** 13, 2 ** 20, 2 ** 40, 2 ** 60].map((size) => `halves*${size}` as const),
      },
    ),
  ),
  ...attentionCases(
    'Tiles that lie apart: each is greater than all before it, or less.',
    cross(
      { heads: 1, data: 'zeros', bias: 'k', biasData: 'zeros', n: 7 * 64 - 5 },
      {
        nq: [1, 66],
        levels: [
          [-LARGEST, -1e30, -1e9, 0, 1e9, 1e30, LARGEST],
          [-LARGEST, -LARGEST, -3e38, -3e38, -1e38, -1e38, -1e38],
          [-Infinity, -LARGEST, -Infinity, -LARGEST, -Infinity, -1e30, -1e30],
          [16777204, 16777208, 16777212, 16777216, 16777220, 16777220, 16777224],
        ],
        pattern: [full(), causal()],
      },
    ),
  ),
  ...attentionCases(
    'Ordinary tiles beside tiles of masks, which have no weight.',
    cross(
      { n: 130, bias: 'k' },
      {
        pattern: [full(), causal(), marked],
        levels: [
          [-LARGEST, 0],
          [0, -1e9],
          [-1e30, 0, -LARGEST],
        ],
      },
    ),
  ),
  ...attentionCases('Masks among ordinary keys of a tile, some of them −∞; keys that stand out.', [
    { pattern: full(), n: 20, bias: 'k', plant: [`bias@3=${-LARGEST}`, 'bias@7=-Infinity', 'bias@9=-1e30'] },
    {
      pattern: near,
      n: 70,
      bias: 'qk',
      plant: [`bias@20=${-LARGEST}`, 'bias@21,20=-1e9', `bias@22,23=${-LARGEST}`],
    },
    { pattern: full(), n: 20, bias: 'qk', biasData: `ones*${-LARGEST}`, biasHoles: 90 },
    {
      pattern: near,
      n: 70,
      bias: 'qk',
      biasData: 'ones*-1e30',
      biasHoles: 80,
      plant: ['bias@30=0', 'bias@31,31=5'],
    },
    { pattern: full(), n: 70, bias: 'k', plant: ['bias@66=3e38'] },
    { pattern: causal(), n: 70, bias: 'k', plant: [`bias@5=${LARGEST}`, `bias@60=${LARGEST}`] },
    { pattern: full(), n: 9, bias: 'k', biasData: `ones*${-LARGEST}`, plant: ['k@0,1,5,2=NaN'] },
    {
      pattern: causal(),
      n: 70,
      bias: 'k',
      biasData: `ones*${-LARGEST}`,
      plant: ['v@0,0,30=NaN', 'v@0,1,9,1=Infinity'],
    },
  ]),
  ...attentionCases('Few queries and many keys, which kernels share among threads and merge.', [
    ...[-1e5, -1e9, 3e10, -LARGEST, LARGEST].map((place) => ({
      pattern: full(),
      n: 700,
      nq: 1,
      data: 'zeros' as const,
      bias: 'k',
      biasData: `ones*${place}` as const,
    })),
    ...STEPS.map((biasData) => ({
      pattern: full(),
      n: 700,
      nq: 2,
      data: 'zeros' as const,
      bias: 'k',
      biasData,
    })),
    { pattern: full(), n: 700, nq: 2, d: 1, scale: 1, data: 'signs*131072' },
    { pattern: full(), n: 700, nq: 1, bias: 'k', levels: [-LARGEST, -LARGEST, -LARGEST, 0] },
  ]),
  ...attentionCases('The other terms of logits at their ends.', [
    { pattern: near, n: 70, relative: 3, plant: [`relativeBias@0,1=${-LARGEST}`, 'relativeBias@1,3=1e30'] },
    { pattern: full(), n: 20, relative: 3, plant: [`relativeBias@0=${-LARGEST}`] },
    { pattern: full(), n: 70, alibi: 'h', plant: ['alibiSlopes@0=1e36', 'alibiSlopes@1=0'] },
    { pattern: full(), n: 20, softcap: 5, bias: 'k', biasData: `ones*${-LARGEST}` },
    { pattern: marked, n: 70, separate: true, bias: 'k', biasData: `ones*${-LARGEST}` },
  ]),
  ...attentionCases(
    "Half precision, from end to end of its range: there PyTorch's least number is −65,504.",
    [
      ...[-65504, 65504].flatMap((place) =>
        [full(), causal(), near].map((pattern) => ({
          pattern,
          n: 70,
          dtype: 'f16' as const,
          bias: 'qk',
          biasData: `ones*${place}` as const,
        })),
      ),
      { pattern: full(), n: 150, dtype: 'f16', bias: 'k', levels: [-65504, 0, 60000] },
      { pattern: full(), n: 130, dtype: 'f16', bias: 'qk', data: 'zeros', biasData: 'halves*16376' },
      { pattern: causal(), n: 130, dtype: 'f16', d: 4, data: 'halves*4096' },
      { pattern: full(), n: 700, nq: 1, dtype: 'f16', d: 1, scale: 1, data: 'signs*65504' },
      { pattern: full(), n: 20, dtype: 'f16', bias: 'qk', biasData: 'ones*-65504', biasHoles: 80 },
    ],
  ),
];
