/** Checks a call of LSH attention, and derives the specs of its outputs. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import { inBhnd } from '../attention/spec.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, checkShapeIs, fail, sharedFloat } from '../validate.ts';
import { lshProblem, type LshAttentionAttributes } from './spec.ts';

const OP = 'lshAttention';

/** The specs of the outputs of LSH attention. Errors: see `LshAttentionInputs`. */
export function inferLshAttention(inputs: NamedSpecs, attributes: LshAttentionAttributes): TensorSpec[] {
  const dtype = sharedFloat(OP, inputs, ['q', 'v']);
  checkDuplicates(attributes);
  checkTensors(inputs, attributes);
  const { batch, heads, length, valueDim, rounds, layout, returnLse } = lshProblem(inputs, attributes);
  if (rounds * length >= 2 ** 31) {
    fail('INVALID_SHAPE', OP, `rounds · tokens must be below 2^31, got ${rounds} · ${length}`);
  }
  const shape = layout === 'bhnd' ? [batch, heads, length, valueDim] : [batch, length, heads, valueDim];
  const out: TensorSpec = { dtype, shape };
  return returnLse ? [out, { dtype: 'f32', shape: [batch, heads, length] }] : [out];
}

function checkDuplicates({ wrap = false, duplicates }: LshAttentionAttributes): void {
  if ((duplicates === 'once' && wrap) || (duplicates === 'lucidrains' && !wrap)) {
    fail('INVALID_ARGUMENT', OP, `duplicates '${duplicates}' needs wrap ${!wrap}, got ${wrap}`);
  }
}

function checkTensors(inputs: NamedSpecs, { layout = 'bhnd', withinBuckets }: LshAttentionAttributes): void {
  for (const name of ['q', 'v']) {
    if (inputs[name].shape.length !== 4) {
      const axes = layout === 'bhnd' ? '[batch, heads, seq, headDim]' : '[batch, seq, heads, headDim]';
      fail('INVALID_SHAPE', OP, `${name} must be ${axes}, got ${show(inputs[name].shape)}`);
    }
  }
  const [batch, heads, length, headDim] = inBhnd(inputs.q, layout);
  const valueDim = inputs.v.shape[3];
  for (const [name, extent] of Object.entries({ heads, 'head dim': headDim, 'value dim': valueDim })) {
    if (extent === 0) fail('INVALID_SHAPE', OP, `${name} must be ≥ 1, got 0`);
  }
  const v = layout === 'bhnd' ? [batch, heads, length, valueDim] : [batch, length, heads, valueDim];
  checkShapeIs(OP, inputs, 'v', v, 'the shape of q but for its last axis');
  const { order } = inputs;
  const rounds = order.shape[2] ?? 0;
  const rows = [batch, heads, rounds, length];
  if (order.shape.length !== 4 || rounds === 0) {
    fail('INVALID_SHAPE', OP, `order must be [batch, heads, rounds ≥ 1, tokens], got ${show(order.shape)}`);
  }
  for (const name of ['order', 'buckets'] as const) {
    if (inputs[name] === undefined) continue;
    checkDtype(OP, inputs, name, ['i32']);
    checkShapeIs(OP, inputs, name, rows, '[batch, heads, rounds, tokens]');
  }
  if (inputs.keyMask !== undefined) {
    checkDtype(OP, inputs, 'keyMask', ['bool', 'u8']);
    checkShapeIs(OP, inputs, 'keyMask', [batch, length], '[batch, tokens]');
  }
  if (withinBuckets && inputs.buckets === undefined) {
    fail('MISSING_INPUT', OP, 'withinBuckets needs the input buckets');
  }
}
