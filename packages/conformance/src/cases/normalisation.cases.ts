/**
 * Cases of `layerNorm`, `rmsNorm` and `softmax`: row lengths, axes, and the inputs that break careless
 * implementations.
 */
import type { ConformanceCase } from '../case.ts';
import { LARGEST, PLACES, STEPS } from './attention/range.cases.ts';
import { opCases } from './op-case.ts';

const LENGTHS = [1, 2, 3, 8, 31, 64, 65, 257];

export const layerNormCases: readonly ConformanceCase[] = [
  ...opCases(
    'layerNorm',
    'Every row length around the width of vectors.',
    LENGTHS.map((n) => ({ shapes: { x: [3, n], weight: [n], bias: [n] }, attributes: { eps: 1e-5 } })),
  ),
  ...opCases('layerNorm', 'Weight and bias are optional, each alone.', [
    { shapes: { x: [2, 3, 16] }, attributes: { eps: 1e-5 } },
    { shapes: { x: [2, 3, 16], weight: [16] }, attributes: { eps: 1e-5 }, constants: ['weight'] },
    { shapes: { x: [2, 3, 16], bias: [16] }, attributes: { eps: 1e-12 } },
    { shapes: { x: [16] }, attributes: { eps: 1e-3 } },
    { shapes: { x: [0, 8] }, attributes: { eps: 1e-5 } },
  ]),
  ...opCases(
    'layerNorm',
    'Constant rows have variance 0 and give the bias; eps decides how small rows grow.',
    [
      { shapes: { x: [2, 8], bias: [8] }, attributes: { eps: 1e-5 }, data: 'ones' },
      { shapes: { x: [2, 8], weight: [8] }, attributes: { eps: 1e-5 }, data: 'zeros' },
      { shapes: { x: [3, 32] }, attributes: { eps: 1e-5 }, data: 'bell*0.0001' },
      { shapes: { x: [3, 32] }, attributes: { eps: 0 }, data: 'bell*1e-6' },
      { shapes: { x: [3, 32] }, attributes: { eps: 1e-5 }, data: 'bell*10000' },
    ],
  ),
  ...opCases(
    'layerNorm',
    'A mean that is large against the spread: variance must come from centred values.',
    [
      { shapes: { x: [3, 64] }, attributes: { eps: 1e-5 }, data: 'near1*100' },
      { shapes: { x: [3, 64] }, attributes: { eps: 1e-5 }, data: 'integers*1000' },
      {
        shapes: { x: [1, 128] },
        attributes: { eps: 1e-5 },
        data: 'ones*1000',
        plant: ['x@5=1001', 'x@77=998.5'],
      },
    ],
  ),
  ...opCases('layerNorm', 'A NaN spoils its own row only.', [
    { shapes: { x: [3, 10], weight: [10], bias: [10] }, attributes: { eps: 1e-5 }, plant: ['x@13=NaN'] },
    { shapes: { x: [3, 10], weight: [10], bias: [10] }, attributes: { eps: 1e-5 }, plant: ['weight@3=NaN'] },
    { shapes: { x: [3, 10] }, attributes: { eps: 1e-5 }, plant: ['x@25=Infinity'] },
  ]),
  ...opCases('layerNorm', 'Half precision storage.', [
    { shapes: { x: [3, 48], weight: [48], bias: [48] }, attributes: { eps: 1e-5 }, dtype: 'f16' },
  ]),
];

const PLAIN = { eps: 1e-6, weightOffset: 0 };

export const rmsNormCases: readonly ConformanceCase[] = [
  ...opCases(
    'rmsNorm',
    'Every row length around the width of vectors.',
    LENGTHS.map((n) => ({ shapes: { x: [3, n], weight: [n] }, attributes: PLAIN })),
  ),
  ...opCases('rmsNorm', 'The weight is optional, and may be stored less 1.', [
    { shapes: { x: [2, 3, 16] }, attributes: PLAIN },
    { shapes: { x: [16] }, attributes: { ...PLAIN, eps: 1e-3 } },
    { shapes: { x: [2, 3, 16], weight: [16] }, attributes: PLAIN, constants: ['weight'] },
    { shapes: { x: [2, 3, 16], weight: [16] }, attributes: { ...PLAIN, weightOffset: 1 } },
    {
      shapes: { x: [5, 18], weight: [18] },
      attributes: { ...PLAIN, weightOffset: 1 },
      constants: ['weight'],
    },
    { shapes: { x: [0, 8] }, attributes: PLAIN },
  ]),
  ...opCases('rmsNorm', 'The mean is not subtracted; eps decides how small rows grow.', [
    { shapes: { x: [2, 8] }, attributes: PLAIN, data: 'ones*1000' },
    { shapes: { x: [2, 8], weight: [8] }, attributes: PLAIN, data: 'zeros' },
    { shapes: { x: [3, 32] }, attributes: PLAIN, data: 'bell*0.001' },
    { shapes: { x: [3, 32] }, attributes: { ...PLAIN, eps: 0 }, data: 'bell*1e-6' },
    { shapes: { x: [3, 32] }, attributes: { ...PLAIN, eps: 1 }, data: 'bell*10000' },
  ]),
  ...opCases('rmsNorm', 'A NaN spoils its own row only.', [
    { shapes: { x: [3, 10], weight: [10] }, attributes: PLAIN, plant: ['x@13=NaN'] },
    { shapes: { x: [3, 10], weight: [10] }, attributes: PLAIN, plant: ['weight@3=NaN'] },
  ]),
  ...opCases('rmsNorm', 'Half precision storage.', [
    { shapes: { x: [3, 48], weight: [48] }, attributes: PLAIN, dtype: 'f16' },
    { shapes: { x: [3, 48], weight: [48] }, attributes: { ...PLAIN, weightOffset: 1 }, dtype: 'f16' },
  ]),
];

export const softmaxCases: readonly ConformanceCase[] = [
  ...opCases(
    'softmax',
    'Every row length around the width of vectors.',
    LENGTHS.map((n) => ({ shapes: { x: [3, n] }, attributes: { axis: -1 } })),
  ),
  ...opCases(
    'softmax',
    'Any axis, counted from either end.',
    [0, 1, 2, 3, -1, -2, -3, -4].map((axis) => ({ shapes: { x: [2, 3, 4, 5] }, attributes: { axis } })),
  ),
  ...opCases('softmax', 'Empty and single slices.', [
    { shapes: { x: [7] }, attributes: { axis: 0 } },
    { shapes: { x: [3, 1] }, attributes: { axis: 1 } },
    { shapes: { x: [0, 3] }, attributes: { axis: 1 } },
    { shapes: { x: [3, 0] }, attributes: { axis: 1 } },
  ]),
  ...opCases('softmax', 'Huge inputs must not overflow, tiny ones must not vanish.', [
    { shapes: { x: [3, 20] }, attributes: { axis: -1 }, data: 'halves*10000' },
    { shapes: { x: [3, 20] }, attributes: { axis: -1 }, data: 'bell*1e-6' },
    { shapes: { x: [3, 20] }, attributes: { axis: 0 }, data: 'bell*50' },
  ]),
  ...opCases('softmax', '−∞ is a masked entry; a slice of them gives 0; NaN and +∞ spoil their slice only.', [
    { shapes: { x: [3, 4] }, attributes: { axis: -1 }, plant: ['x@1=-Infinity', 'x@6=-Infinity'] },
    { shapes: { x: [3, 2] }, attributes: { axis: -1 }, plant: ['x@2=-Infinity', 'x@3=-Infinity'] },
    { shapes: { x: [3, 4] }, attributes: { axis: -1 }, plant: ['x@5=NaN'] },
    { shapes: { x: [3, 4] }, attributes: { axis: 0 }, plant: ['x@5=Infinity'] },
  ]),
  ...opCases(
    'softmax',
    'A slice that lies wholly at one place, however far from 0, is even.',
    [1, 2, 70].flatMap((n) =>
      PLACES.map((place) => ({ shapes: { x: [2, n] }, attributes: { axis: -1 }, data: `ones*${place}` })),
    ),
  ),
  ...opCases(
    'softmax',
    'Steps in huge numbers, along rows and columns.',
    STEPS.flatMap((data) => [0, 1].map((axis) => ({ shapes: { x: [65, 30] }, attributes: { axis }, data }))),
  ),
  ...opCases('softmax', 'Ends of the range beside each other, beside −∞ and beside ordinary numbers.', [
    { shapes: { x: [2, 2] }, attributes: { axis: 1 }, data: `ones*${-LARGEST}`, plant: ['x@1=-Infinity'] },
    {
      shapes: { x: [3, 70] },
      attributes: { axis: 1 },
      data: `signs*${LARGEST}`,
      plant: ['x@4=-Infinity', 'x@80=0'],
    },
    {
      shapes: { x: [3, 70] },
      attributes: { axis: 0 },
      plant: [`x@4=${-LARGEST}`, `x@80=${-LARGEST}`, 'x@150=-1e30'],
    },
    { shapes: { x: [3, 70] }, attributes: { axis: 1 }, data: `ones*${-LARGEST}`, plant: ['x@5=NaN'] },
  ]),
  ...opCases('softmax', 'Half precision storage, and its own range.', [
    { shapes: { x: [3, 48] }, attributes: { axis: -1 }, dtype: 'f16' },
    { shapes: { x: [3, 70] }, attributes: { axis: -1 }, dtype: 'f16', data: 'ones*-65504' },
    { shapes: { x: [3, 70] }, attributes: { axis: 0 }, dtype: 'f16', data: 'halves*16376' },
  ]),
];
