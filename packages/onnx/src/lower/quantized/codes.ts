/**
 * Quantised matrices as numbers. Codes of constants are operands as they lie, those of 4 bits as `uint4`
 * where all of a matrix is constant; codes that come with a run are unpacked by operators on bytes.
 */
import {
  blocksOf,
  CodeReader,
  codeAt,
  middleOf,
  sizeOf,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import type { Tensor } from '@attn/core';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { MatrixForm } from './forms.ts';

/** The version of the standard whose DequantizeLinear has codes of 4 bits. */
const OPSET_OF_4_BITS = 21;

/** A quantised matrix [rows, length] of the graph. */
export interface CodeMatrix extends MatrixForm {
  readonly rows: number;
  readonly codes: ValueId;
  readonly scales: ValueId;
  readonly zeroPoints: ValueId | undefined;
}

/** The matrix of a node. */
export function matrixOf(
  context: LoweringContext,
  { inputs, attributes }: NodeOf<'quantizedLinear'> | NodeOf<'quantizedEmbedding'>,
  length: number,
): CodeMatrix {
  const { bits, block } = attributes;
  const { codes, scales, zeroPoints } = inputs;
  const parts = [codes, scales, ...(zeroPoints === undefined ? [] : [zeroPoints])];
  return {
    rows: context.spec(codes).shape[0],
    length,
    bits,
    block,
    blocks: blocksOf(length, block),
    codes,
    scales,
    zeroPoints,
    hasZeroPoints: zeroPoints !== undefined,
    isConstant: parts.every((id) => context.constant(id) !== undefined),
  };
}

/**
 * Writes the operators that make the numbers of a matrix, f32 [rows, length], at each run. Those of a
 * constant wait for `before`: ONNX Runtime would make the numbers of all layers first, and hold them.
 */
export function numbersOf(context: LoweringContext, matrix: CodeMatrix, before: Name): Name {
  const { main, model } = context;
  const { rows, blocks, block, bits, scales, codes } = matrix;
  const count = rows * blocks;
  if (!matrix.isConstant) {
    const flat = main.reshape(bytesOf(context, matrix), [count, block]);
    const { zeroPoints } = matrix;
    const stored = zeroPoints === undefined ? undefined : context.value(zeroPoints);
    const zeros = zeroBytesOf(context, matrix, rows, stored);
    return dequantized(context, matrix, flat, main.reshape(context.value(scales), [count]), zeros, rows);
  }
  const nothing = main.slice(main.reshape(before, [-1]), [0, 0], 0);
  const waiting = main.op('Concat', [context.constantAs(scales, { dtype: 'f32', shape: [count] }), nothing], {
    axis: 0,
  });
  if (bits === 8) {
    const flat = context.constantAs(codes, { dtype: 'u8', shape: [count, block] });
    const { zeroPoints } = matrix;
    const zeros =
      zeroPoints === undefined
        ? zeroBytesOf(context, matrix, rows, undefined)
        : context.constantAs(zeroPoints, { dtype: 'u8', shape: [count] });
    return dequantized(context, matrix, flat, waiting, zeros, rows);
  }
  model.requireOpset(OPSET_OF_4_BITS);
  const flat = context.constantAs(codes, { dtype: 'u4', shape: [count, block] });
  return dequantized(context, matrix, flat, waiting, zeroNibblesOf(context, matrix), rows);
}

/** Scale · (code − zero point) of `rows` rows, whose blocks are the rows of `codes`. */
export function dequantized(
  context: LoweringContext,
  { blocks, block, length }: CodeMatrix,
  codes: Name,
  scales: Name,
  zeros: Name,
  rows: number,
): Name {
  const { main } = context;
  const numbers = main.op('DequantizeLinear', [codes, scales, zeros], { axis: 0 });
  const whole = main.reshape(numbers, [rows, blocks * block]);
  return blocks * block === length ? whole : firstColumns(context, whole, length);
}

/** The codes of a matrix as bytes, [rows, blocks, block]. */
export function bytesOf(context: LoweringContext, { bits, rows, blocks, block, codes }: CodeMatrix): Name {
  const value = context.value(codes);
  return bits === 8 ? value : context.main.reshape(unpacked(context, value), [rows, blocks, block]);
}

/** The zero points of all blocks of `rows` rows as bytes, from their bytes in the graph's form, if any. */
export function zeroBytesOf(
  context: LoweringContext,
  { bits, blocks }: CodeMatrix,
  rows: number,
  stored: Name | undefined,
): Name {
  const { main, model } = context;
  const count = rows * blocks;
  if (stored === undefined)
    return main.op('Expand', [model.scalar(middleOf(bits), 'u8'), model.integers([count])]);
  if (bits === 8) return main.reshape(stored, [count]);
  const pairs = main.reshape(unpacked(context, stored), [rows, 2 * Math.ceil(blocks / 2)]);
  return main.reshape(blocks % 2 === 0 ? pairs : firstColumns(context, pairs, blocks), [count]);
}

/** The first elements of each row. */
export function firstColumns({ main }: LoweringContext, value: Name, count: number): Name {
  return main.slice(value, [0, count], -1);
}

/** Two codes of each byte, the one in the low bits first, along a new last axis. */
export function unpacked({ main, model }: LoweringContext, bytes: Name): Name {
  const last = model.integers([-1]);
  const low = main.op('BitwiseAnd', [bytes, model.scalar(15, 'u8')]);
  const high = main.op('BitShift', [bytes, model.scalar(4, 'u8')], { direction: 'RIGHT' });
  return main.op('Concat', [main.op('Unsqueeze', [low, last]), main.op('Unsqueeze', [high, last])], {
    axis: -1,
  });
}

/** The zero points of a constant matrix of 4 bits, without the gap behind the last of each row. */
function zeroNibblesOf(context: LoweringContext, { rows, blocks, zeroPoints, bits }: CodeMatrix): Name {
  const count = rows * blocks;
  const type = { dtype: 'u4', shape: [count] } as const;
  const byteLength = Math.ceil(count / 2);
  const middles = 17 * middleOf(bits);
  if (zeroPoints === undefined)
    return context.model.array('zeros', type, new Uint8Array(byteLength).fill(middles));
  if (blocks % 2 === 0) return context.constantAs(zeroPoints, type);
  return context.formOf(zeroPoints, 'without gaps', (wish, constant) =>
    context.model.made(wish, { ...type, byteLength }, () => {
      const { data } = constant;
      const bytes = new Uint8Array(byteLength);
      const rowBytes = Math.ceil(blocks / 2);
      for (let i = 0; i < count; i++)
        bytes[i >> 1] |= codeAt(data, Math.floor(i / blocks) * rowBytes, i % blocks, bits) << (4 * (i % 2));
      return bytes;
    }),
  );
}

/** Rows of codes that are turned at a time, so that writes are not scattered. */
const TURNED = 64;

/**
 * The codes of a constant matrix as bytes [length, rows], each less the middle code plus `shift`. They are
 * made when the model is written, and not kept.
 */
export function turnedCodes(
  context: LoweringContext,
  { codes, rows, length, bits, block }: CodeMatrix,
  { dtype, shift }: { readonly dtype: 'i8' | 'u8'; readonly shift: number },
): Name {
  const shape = [length, rows];
  const make = (constant: Tensor): Uint8Array => {
    const reader = new CodeReader({ codes: constant.data, scales: [] }, length, { bits, block });
    const turned = new Uint8Array(sizeOf(shape));
    const some = Array.from({ length: TURNED }, () => new Int16Array(length));
    for (let from = 0; from < rows; from += TURNED) {
      const count = Math.min(TURNED, rows - from);
      for (let row = 0; row < count; row++) reader.integers(from + row, some[row]);
      for (let i = 0; i < length; i++)
        for (let row = 0; row < count; row++) turned[i * rows + from + row] = some[row][i] + shift;
    }
    return turned;
  };
  return context.formOf(codes, `turned ${dtype}`, (wish, constant) =>
    context.model.made(wish, { dtype, shape, byteLength: sizeOf(shape) }, () => make(constant)),
  );
}
