/** Checks an attention call, so that no backend has to, and derives the specs of its outputs. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import { checkPattern as checkPatternItself } from '../../patterns/options.ts';
import { broadcastsTo } from '../broadcast.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, checkShapeIs, fail, sameShape, sharedFloat } from '../validate.ts';
import { effectivePattern } from './effective-pattern.ts';
import { checkBiasIsNumbers, checkMaskAxes } from './mask-words.ts';
import { checkScore } from './check-score.ts';
import { attentionProblem, inBhnd, type AttentionAttributes, type AttentionProblem } from './spec.ts';

const OP = 'attention';

const GLOBALS = ['qGlobal', 'kGlobal', 'vGlobal'] as const;

/** The specs of attention's outputs. Errors: see `AttentionInputs`. */
export function inferAttention(inputs: NamedSpecs, attributes: AttentionAttributes): TensorSpec[] {
  const dtype = sharedFloat(OP, inputs, ['q', 'k', 'v', ...GLOBALS]);
  checkOperands(inputs, attributes);
  const problem = attentionProblem(inputs, attributes);
  checkPositions(problem);
  checkOptionalInputs(inputs, problem, dtype);
  checkScore(inputs, problem, dtype);
  checkPattern(inputs, attributes, problem);

  const { batch, heads, queryLength, valueDim, layout, returnLse } = problem;
  const shape =
    layout === 'bhnd' ? [batch, heads, queryLength, valueDim] : [batch, queryLength, heads, valueDim];
  const out: TensorSpec = { dtype, shape };
  return returnLse ? [out, { dtype: 'f32', shape: [batch, heads, queryLength] }] : [out];
}

function checkOperands(inputs: NamedSpecs, { layout = 'bhnd' }: AttentionAttributes): void {
  for (const name of ['q', 'k', 'v']) {
    if (inputs[name].shape.length !== 4) {
      const axes = layout === 'bhnd' ? '[batch, heads, seq, headDim]' : '[batch, seq, heads, headDim]';
      fail('INVALID_SHAPE', OP, `${name} must be ${axes}, got ${show(inputs[name].shape)}`);
    }
  }
  const [batch, heads, , headDim] = inBhnd(inputs.q, layout);
  const [batchOfK, kvHeads, keyLength, headDimOfK] = inBhnd(inputs.k, layout);
  const [batchOfV, headsOfV, lengthOfV, valueDim] = inBhnd(inputs.v, layout);
  const equal = (what: string, a: number, b: number) => {
    if (a !== b) fail('INVALID_SHAPE', OP, `${what} must be equal, got ${a} and ${b}`);
  };
  equal('batch of q and k', batch, batchOfK);
  equal('batch of q and v', batch, batchOfV);
  equal('head dim of q and k', headDim, headDimOfK);
  equal('heads of k and v', kvHeads, headsOfV);
  equal('length of k and v', keyLength, lengthOfV);
  for (const [name, extent] of Object.entries({
    heads,
    'key/value heads': kvHeads,
    'head dim': headDim,
    'value dim': valueDim,
  })) {
    if (extent === 0) fail('INVALID_SHAPE', OP, `${name} must be ≥ 1, got 0`);
  }
  if (heads % kvHeads !== 0) {
    fail(
      'INVALID_SHAPE',
      OP,
      `query heads must be a multiple of key/value heads, got ${heads} and ${kvHeads}`,
    );
  }
}

/** Plans and kernels hold positions as 32-bit integers. */
function checkPositions({ queryLength, keyLength, queryOffset }: AttentionProblem): void {
  if (Math.abs(queryOffset) + Math.max(queryLength, keyLength) >= 2 ** 31) {
    const lengths = `${queryLength} queries and ${keyLength} keys`;
    fail(
      'INVALID_ARGUMENT',
      OP,
      `positions must be below 2^31, got queryOffset ${queryOffset} with ${lengths}`,
    );
  }
}

function checkOptionalInputs(inputs: NamedSpecs, problem: AttentionProblem, dtype: 'f32' | 'f16'): void {
  const { batch, heads, queryLength, keyLength } = problem;
  const logits = [batch, heads, queryLength, keyLength];
  const table = (
    name: string,
    allowed: readonly TensorSpec['dtype'][],
    shape: readonly number[],
    axes: string,
  ) => {
    if (inputs[name] === undefined) return;
    checkDtype(OP, inputs, name, allowed);
    checkShapeIs(OP, inputs, name, shape, axes);
  };
  checkMaskAxes(inputs, problem);
  table('keyMask', ['bool', 'u8'], [batch, keyLength], '[batch, keys]');
  table('queryMask', ['bool', 'u8'], [batch, queryLength], '[batch, queries]');
  table('globalMask', ['bool', 'u8'], [batch, keyLength], '[batch, keys]');
  table('segmentIds', ['i32', 'u32'], [batch, keyLength], '[batch, keys]');
  table('keyLengths', ['i32', 'u32'], [batch], '[batch]');

  const { bias, alibiSlopes, relativeBias, mask } = inputs;
  if (mask) {
    checkDtype(OP, inputs, 'mask', ['bool', 'u8']);
    if (!broadcastsTo(mask.shape, logits)) {
      const expected = `[batch, heads, queries, keys] = ${show(logits)}`;
      fail('INVALID_SHAPE', OP, `mask must broadcast to ${expected}, got ${show(mask.shape)}`);
    }
  }
  const floats: readonly TensorSpec['dtype'][] = dtype === 'f32' ? ['f32'] : ['f16', 'f32'];
  table('sinks', floats, [heads], '[heads]');
  checkBiasIsNumbers(inputs, floats.join(' or '));
  for (const [name, spec] of Object.entries({ bias, alibiSlopes, relativeBias })) {
    if (spec) checkDtype(OP, inputs, name, floats);
  }
  if (bias && !broadcastsTo(bias.shape, logits)) {
    fail(
      'INVALID_SHAPE',
      OP,
      `bias must broadcast to [batch, heads, queries, keys] = ${show(logits)}, got ${show(bias.shape)}`,
    );
  }
  if (
    alibiSlopes &&
    !sameShape(alibiSlopes.shape, [heads]) &&
    !sameShape(alibiSlopes.shape, [batch, heads])
  ) {
    const expected = `[${heads}] or [${batch}, ${heads}]`;
    fail(
      'INVALID_SHAPE',
      OP,
      `alibiSlopes must be [heads] or [batch, heads] = ${expected}, got ${show(alibiSlopes.shape)}`,
    );
  }
  if (relativeBias) {
    const [rows, width] = relativeBias.shape;
    if (relativeBias.shape.length !== 2 || rows !== heads || width % 2 !== 1) {
      fail(
        'INVALID_SHAPE',
        OP,
        `relativeBias must be [heads = ${heads}, 2R + 1], got ${show(relativeBias.shape)}`,
      );
    }
  }

  const globals = GLOBALS.filter((name) => inputs[name] !== undefined);
  if (globals.length !== 0 && globals.length !== GLOBALS.length) {
    fail(
      'MISSING_INPUT',
      OP,
      `qGlobal, kGlobal and vGlobal must be given together, got only ${globals.join(' and ')}`,
    );
  }
  for (const name of globals) {
    const local = name[0];
    checkShapeIs(OP, inputs, name, inputs[local].shape, `the shape of ${local}`);
  }
}

function checkPattern(inputs: NamedSpecs, attributes: AttentionAttributes, problem: AttentionProblem): void {
  checkPatternItself(`core/${OP}`, attributes.pattern);
  const pattern = effectivePattern(attributes, Object.keys(inputs));
  for (const name of pattern.inputs) {
    if (inputs[name] === undefined) {
      fail('MISSING_INPUT', OP, `pattern ${pattern.type} needs the input ${name}`);
    }
  }
  pattern.validate(problem);
}
