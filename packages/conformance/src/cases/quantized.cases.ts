/**
 * Cases of `quantizedLinear` and `quantizedEmbedding`: layouts of codes, sizes around tiles, integers,
 * halves.
 */
import type { CodeFormat, HalfForm } from '@attn/core';
import type { OpAttributes, OpName } from '@attn/core/backend';
import { codesShape, scalesShape, zeroPointsShape } from '@attn/core/backend';
import type { ConformanceCase } from '../case.ts';
import { opCases, type OpCaseSpec } from './op-case.ts';

type Spec = OpCaseSpec<'quantizedLinear'>;
type Attributes = OpAttributes['quantizedLinear'];

interface More extends Omit<Partial<Spec>, 'shapes' | 'attributes'> {
  readonly zeros?: boolean;
  readonly bias?: boolean;
  readonly lead?: readonly number[];
}

/** What the parts of a matrix hold. */
function codesData({ float }: CodeFormat): Pick<OpCaseSpec<OpName>, 'bytes' | 'halves' | 'singles'> {
  if (float !== undefined) return { halves: { codes: float } };
  return { bytes: { codes: 256, zeroPoints: 256 }, singles: ['scales'] };
}

/** x [rows, in] times a weight [out, in]. The codes are constants, as weights are, unless a case says so. */
function spec(
  [rows, inFeatures, outFeatures]: readonly [number, number, number],
  attributes: Attributes,
  { zeros = false, bias = false, lead = [rows], ...rest }: More = {},
): Spec {
  const { float } = attributes;
  return {
    shapes: {
      x: [...lead, inFeatures],
      codes: codesShape(outFeatures, inFeatures, attributes),
      ...(float === undefined && { scales: scalesShape(outFeatures, inFeatures, attributes) }),
      ...(zeros && { zeroPoints: zeroPointsShape(outFeatures, inFeatures, attributes) }),
      ...(bias && { bias: [outFeatures] }),
    },
    attributes,
    ...codesData(attributes),
    constants: ['codes', 'scales', 'zeroPoints', 'bias'],
    ...rest,
  };
}

const Q8 = { bits: 8, block: 32 } as const;
const Q4 = { bits: 4, block: 32 } as const;
const rowOf = (block: number): Attributes => ({ bits: 8, block });
const halfRow = (block: number, float: HalfForm): Attributes => ({ bits: 16, block, float });

export const quantizedLinearCases: readonly ConformanceCase[] = [
  ...opCases('quantizedLinear', 'Codes of 8 and 4 bits, with and without zero points and biases.', [
    spec([5, 64, 6], Q8),
    spec([5, 64, 6], Q8, { zeros: true, bias: true }),
    spec([5, 64, 6], Q4),
    spec([5, 64, 6], Q4, { zeros: true, bias: true }),
    spec([3, 96, 5], Q4, { zeros: true }),
    spec([5, 40, 6], rowOf(40)),
    spec([5, 40, 6], rowOf(40), { zeros: true, bias: true }),
  ]),
  ...opCases('quantizedLinear', 'Blocks of other lengths, and rows that do not fill their last block.', [
    spec([4, 50, 7], Q8),
    spec([4, 50, 7], Q4, { zeros: true }),
    spec([4, 33, 7], Q4),
    spec([4, 31, 7], { bits: 4, block: 2 }),
    spec([4, 48, 7], { bits: 4, block: 16 }, { zeros: true }),
    spec([4, 256, 7], { bits: 4, block: 128 }, { zeros: true }),
    spec([4, 10, 3], { bits: 8, block: 3 }, { zeros: true }),
    spec([1, 1, 1], rowOf(1)),
  ]),
  ...opCases('quantizedLinear', 'Inputs as integers of 12 and 8 bits, whose sums are exact.', [
    spec([5, 64, 6], { ...rowOf(64), inputs: 'int12' }),
    spec([5, 64, 6], { ...Q8, inputs: 'int12' }, { zeros: true, bias: true }),
    spec([5, 64, 6], { ...Q4, inputs: 'int12' }, { bias: true }),
    spec([5, 64, 6], { ...rowOf(64), inputs: 'int8' }),
    spec([5, 64, 6], { ...Q8, inputs: 'int8' }, { zeros: true }),
    spec([5, 64, 6], { ...Q4, inputs: 'int8' }),
    spec([3, 50, 6], { ...Q8, inputs: 'int12' }),
  ]),
  ...opCases('quantizedLinear', 'Integers whose sums pass the range of 32 bits are still exact.', [
    spec([2, 20_000, 3], { ...rowOf(20_000), inputs: 'int12' }, { data: 'ones' }),
  ]),
  ...opCases('quantizedLinear', 'Sizes around tiles of rows, of columns and of the sums.', [
    spec([17, 128, 65], Q8, { bias: true }),
    spec([70, 160, 33], Q4, { bias: true }),
    spec([33, 768, 70], rowOf(768)),
    spec([64, 256, 64], { ...rowOf(256), inputs: 'int12' }),
    spec([33, 770, 70], { ...rowOf(770), inputs: 'int12' }, { bias: true }),
    spec([130, 96, 130], { ...Q4, inputs: 'int12' }),
  ]),
  ...opCases('quantizedLinear', 'The activation comes last.', [
    spec([4, 64, 9], { ...Q8, activation: 'gelu' }, { bias: true }),
    spec([4, 64, 9], { ...Q4, activation: 'relu' }),
    spec([4, 64, 9], { ...rowOf(64), inputs: 'int12', activation: 'silu' }, { bias: true }),
  ]),
  ...opCases('quantizedLinear', 'Any number of leading axes; codes that come with the run.', [
    spec([1, 32, 5], Q8, { lead: [] }),
    spec([1, 32, 5], Q4, { lead: [2, 3, 1] }),
    spec([4, 64, 6], Q4, { zeros: true, constants: [] }),
    spec([4, 64, 6], { ...rowOf(64), inputs: 'int12' }, { constants: [] }),
  ]),
  ...opCases('quantizedLinear', 'Nothing to sum up leaves the bias; nothing to compute is no error.', [
    spec([3, 0, 4], Q8, { bias: true }),
    spec([0, 32, 4], Q8),
    spec([3, 32, 0], Q4),
    spec([3, 0, 4], { ...Q8, inputs: 'int12' }, { bias: true }),
  ]),
  ...opCases('quantizedLinear', 'Rows of zeros; a number that is not finite stays with its row.', [
    spec([4, 32, 5], { ...rowOf(32), inputs: 'int12' }, { data: 'zeros' }),
    spec([4, 32, 5], Q8, { plant: ['x@40=NaN'] }),
    spec([4, 32, 5], { ...rowOf(32), inputs: 'int12' }, { plant: ['x@40=NaN', 'x@70=Infinity'] }),
  ]),
  ...opCases('quantizedLinear', 'Halves as weights: rows of any length, blocks that are filled up, tiles.', [
    spec([5, 64, 6], halfRow(64, 'f16')),
    spec([5, 64, 6], halfRow(64, 'bf16')),
    spec([4, 33, 7], halfRow(33, 'f16')),
    spec([4, 33, 7], halfRow(33, 'bf16')),
    spec([4, 50, 7], halfRow(32, 'f16')),
    spec([4, 10, 3], halfRow(3, 'bf16')),
    spec([70, 770, 65], { ...halfRow(770, 'f16'), activation: 'gelu' }, { bias: true }),
    spec([130, 160, 130], halfRow(160, 'bf16')),
    spec([3, 0, 4], halfRow(1, 'f16'), { bias: true }),
    spec([5, 64, 6], halfRow(64, 'f16'), { dtype: 'f16' }),
  ]),
  ...opCases('quantizedLinear', 'Halves at the ends of their range: subnormal ones, infinities and NaN.', [
    spec([2, 32, 3], halfRow(32, 'f16'), { data: 'bell*0.00002' }),
    spec([2, 32, 3], halfRow(32, 'f16'), {
      data: 'ones',
      plant: ['codes@1=65504', 'codes@40=-Infinity', 'codes@70=NaN'],
    }),
    spec([2, 32, 3], halfRow(32, 'bf16'), {
      data: 'ones',
      plant: ['codes@1=1e30', 'codes@40=-Infinity', 'codes@70=NaN'],
    }),
  ]),
  ...opCases('quantizedLinear', 'Half precision storage, sums in single precision at least.', [
    spec([5, 64, 6], Q8, { dtype: 'f16', bias: true }),
    spec([5, 64, 6], Q4, { dtype: 'f16', zeros: true }),
    spec([5, 64, 6], { ...rowOf(64), inputs: 'int12' }, { dtype: 'f16' }),
  ]),
];

/** A table of `rows` rows, and ids that look some of them up. */
function table(
  ids: readonly number[],
  rows: number,
  attributes: OpAttributes['quantizedEmbedding'],
  {
    zeros = false,
    constants = ['codes', 'scales', 'zeroPoints'],
  }: { zeros?: boolean; constants?: string[] } = {},
): OpCaseSpec<'quantizedEmbedding'> {
  return {
    shapes: {
      ids,
      codes: codesShape(rows, attributes.dim, attributes),
      ...(attributes.float === undefined && { scales: scalesShape(rows, attributes.dim, attributes) }),
      ...(zeros && { zeroPoints: zeroPointsShape(rows, attributes.dim, attributes) }),
    },
    attributes,
    integers: { ids: rows },
    ...codesData(attributes),
    constants,
  };
}

export const quantizedEmbeddingCases: readonly ConformanceCase[] = opCases(
  'quantizedEmbedding',
  'Rows of a table of codes, of every layout.',
  [
    table([7], 11, { ...Q8, dim: 64 }),
    table([2, 5], 11, { ...Q8, dim: 64 }, { zeros: true }),
    table([2, 5], 11, { ...Q4, dim: 64 }),
    table([7], 11, { ...Q4, dim: 96 }, { zeros: true }),
    table([7], 11, { ...Q4, dim: 50 }, { zeros: true }),
    table([7], 11, { bits: 8, block: 40, dim: 40 }),
    table([7], 11, { ...Q4, dim: 64 }, { zeros: true, constants: [] }),
    table([7], 11, { bits: 16, block: 40, float: 'f16', dim: 40 }),
    table([2, 5], 11, { bits: 16, block: 33, float: 'f16', dim: 33 }),
    table([7], 11, { bits: 16, block: 40, float: 'bf16', dim: 40 }),
    table([300], 5, { bits: 16, block: 6, float: 'bf16', dim: 32 }),
    table([0], 11, { ...Q8, dim: 32 }),
    table([300], 5, { ...Q4, dim: 130 }),
  ],
);
