/** Cases of `expertLinear`: how choices spread over experts, and sizes around tiles. */
import type { ConformanceCase } from '../case.ts';
import { opCases, type OpCaseSpec } from './op-case.ts';

type Spec = OpCaseSpec<'expertLinear'>;

/** T rows of which each chooses k of E experts, whose weights are [E, in, out]. */
function spec(
  [rows, k, experts, inFeatures, outFeatures]: readonly [number, number, number, number, number],
  more: Partial<Spec> & { readonly noBias?: boolean; readonly below?: number } = {},
): Spec {
  const { noBias = false, below = experts, ...rest } = more;
  return {
    shapes: {
      x: [rows, inFeatures],
      experts: [rows, k],
      weight: [experts, inFeatures, outFeatures],
      ...(!noBias && { bias: [experts, outFeatures] }),
    },
    attributes: {},
    integers: { experts: below },
    ...rest,
  };
}

const FIXED = { constants: ['weight', 'bias'] };

export const expertLinearCases: readonly ConformanceCase[] = [
  ...opCases('expertLinear', 'Each row by the weights of its experts, with and without biases.', [
    spec([5, 2, 4, 3, 6]),
    spec([5, 2, 4, 3, 6], { noBias: true }),
    spec([5, 2, 4, 3, 6], FIXED),
    spec([5, 2, 4, 3, 6], { noBias: true, constants: ['weight'] }),
    spec([1, 1, 1, 1, 1]),
    spec([7, 4, 9, 16, 5], FIXED),
  ]),
  ...opCases('expertLinear', 'Any number of leading axes.', [
    {
      shapes: { x: [3], experts: [2], weight: [4, 3, 5], bias: [4, 5] },
      attributes: {},
      integers: { experts: 4 },
    },
    {
      shapes: { x: [2, 3, 4], experts: [2, 3, 2], weight: [5, 4, 7], bias: [5, 7] },
      attributes: {},
      integers: { experts: 5 },
      ...FIXED,
    },
  ]),
  ...opCases(
    'expertLinear',
    'One expert for all rows, experts that nobody chooses, an expert chosen twice.',
    [
      spec([70, 1, 5, 9, 11], { below: 1 }),
      spec([70, 2, 40, 9, 11], { below: 3, ...FIXED }),
      spec([9, 3, 2, 8, 8], FIXED),
      spec([3, 2, 130, 8, 8], FIXED),
    ],
  ),
  ...opCases('expertLinear', 'Sizes around tiles of rows, of columns and of the sums.', [
    spec([16, 1, 2, 16, 64], FIXED),
    spec([17, 1, 3, 17, 65]),
    spec([33, 4, 17, 40, 63], FIXED),
    spec([40, 4, 8, 128, 130], FIXED),
    spec([600, 2, 6, 5, 3], FIXED),
  ]),
  ...opCases('expertLinear', 'Nothing to sum up leaves the bias; nothing to compute is no error.', [
    spec([5, 2, 4, 0, 6]),
    spec([5, 2, 4, 0, 6], { noBias: true }),
    spec([0, 2, 4, 3, 6]),
    spec([5, 0, 4, 3, 6]),
    spec([5, 2, 4, 3, 0]),
  ]),
  ...opCases('expertLinear', 'A NaN stays with its row, or with its expert.', [
    spec([20, 2, 4, 5, 6], { plant: ['x@12=NaN'] }),
    spec([20, 2, 4, 5, 6], { plant: ['weight@40=NaN', 'weight@95=Infinity'] }),
    spec([20, 2, 4, 5, 6], { plant: ['bias@7=-Infinity'], ...FIXED }),
  ]),
  ...opCases('expertLinear', 'Half precision storage, sums in single precision at least.', [
    spec([20, 2, 4, 33, 6], { dtype: 'f16' }),
    spec([20, 2, 4, 33, 6], { dtype: 'f16', ...FIXED }),
    spec([20, 2, 4, 33, 70], { dtype: 'f16', noBias: true }),
  ]),
];
