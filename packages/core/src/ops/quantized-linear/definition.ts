/**
 * The `quantizedLinear` op: a dense layer whose weight is stored as codes of 8 or 4 bits with scales, or as
 * halves.
 */
import { integer, oneOf, type Kind } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { codesShape, scalesShape, zeroPointsShape, type CodeFormat } from '../../quantize/codes.ts';
import type { ActivationForm } from '../../quantize/activations.ts';
import { sizeOf } from '../../tensor.ts';
import type { NamedSpecs, OpDefinition } from '../op.ts';
import type { OpName } from '../op-name.ts';
import { ACTIVATIONS } from '../pointwise/names.ts';
import type { Activation } from '../pointwise/table.ts';
import { checkDtype, checkMinRank, checkShapeIs, fail, sharedFloat } from '../validate.ts';

/** Attributes of `quantizedLinear`. */
export interface QuantizedLinearAttributes extends CodeFormat {
  /**
   * How x is multiplied: as it is, or as integers with a scale for each row, which makes the sums of a block
   * exact. Default `float`.
   */
  readonly inputs?: ActivationForm;
  /** Applied to the result. Default none. */
  readonly activation?: Activation;
}

/** Kinds of the attributes that say how codes are stored. */
export const CODE_KINDS: { readonly bits: Kind; readonly block: Kind; readonly float: Kind } = {
  bits: { ...oneOf(4, 8, 16), isRequired: true },
  block: { ...integer(1), isRequired: true },
  float: oneOf('f16', 'bf16'),
};

/**
 * Inputs `x [..., in]` and `bias? [out]`, all f32 or all f16, and the weight [out, in] as `codes` (u8,
 * [out, blocks, block · bits / 8]), `scales? [out, blocks]` (f32) and `zeroPoints?` (u8, [out, blocks], of 4
 * bits two in a byte); output `[..., out]`. weight[o, i] = scales[o, b] · (code − zero point) with b =
 * ⌊i / block⌋; without zero points they are 128 or 8. Blocks of 4 bits have an even length. Codes of 16 bits
 * are halves in the form `float`, with neither scales nor zero points: weight[o, i] is the half. Errors:
 * `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`, `MISSING_INPUT`.
 */
export const quantizedLinearDefinition: OpDefinition<QuantizedLinearAttributes> = {
  required: ['x', 'codes'],
  optional: ['scales', 'zeroPoints', 'bias'],
  attributes: {
    ...CODE_KINDS,
    inputs: oneOf('float', 'int12', 'int8'),
    activation: oneOf(...ACTIVATIONS),
  },
  flops: ({ x, codes }) => 2 * sizeOf(x.shape) * codes.shape[0],
  infer(inputs, { bits, block, float, inputs: form = 'float' }) {
    const { x, codes, bias } = inputs;
    const dtype = sharedFloat('quantizedLinear', inputs, ['x', 'bias']);
    checkMinRank('quantizedLinear', inputs, 'x', 1);
    const inFeatures = x.shape[x.shape.length - 1];
    const outFeatures = codes.shape[0] ?? 0;
    checkCodes('quantizedLinear', inputs, outFeatures, inFeatures, { bits, block, float });
    if (bits === 16 && form !== 'float')
      fail('INVALID_ARGUMENT', 'quantizedLinear', `inputs must be float for codes of 16 bits, got ${form}`);
    if (bias) checkShapeIs('quantizedLinear', inputs, 'bias', [outFeatures], '[out]');
    return [{ dtype, shape: [...x.shape.slice(0, -1), outFeatures] }];
  },
};

/** Checks the parts of a quantised matrix [rows, length]. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, … */
export function checkCodes(
  op: OpName,
  inputs: NamedSpecs,
  rows: number,
  length: number,
  format: CodeFormat,
): void {
  const { bits, block, float } = format;
  if ((bits === 16) !== (float !== undefined)) {
    const expected = bits === 16 ? 'must be f16 or bf16' : 'must be left out';
    fail('INVALID_ARGUMENT', op, `float ${expected} for codes of ${bits} bits, got ${show(float)}`);
  }
  if (bits === 4 && block % 2 === 1)
    fail('INVALID_ARGUMENT', op, `block must be even for codes of 4 bits, got ${block}`);
  checkDtype(op, inputs, 'codes', ['u8']);
  checkShapeIs(op, inputs, 'codes', codesShape(rows, length, format), '[rows, blocks, bytes of a block]');
  if (float !== undefined) {
    const extra = inputs.scales ? 'scales' : 'zeroPoints';
    if (inputs[extra]) fail('INVALID_ARGUMENT', op, `${extra} must be left out for codes of 16 bits`);
    return;
  }
  if (inputs.scales === undefined)
    fail('MISSING_INPUT', op, `scales must be there for codes of ${bits} bits`);
  checkDtype(op, inputs, 'scales', ['f32']);
  checkShapeIs(op, inputs, 'scales', scalesShape(rows, length, format), '[rows, blocks]');
  if (inputs.zeroPoints === undefined) return;
  checkDtype(op, inputs, 'zeroPoints', ['u8']);
  checkShapeIs(
    op,
    inputs,
    'zeroPoints',
    zeroPointsShape(rows, length, format),
    '[rows, bytes of zero points]',
  );
}
