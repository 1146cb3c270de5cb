import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causal } from '../../patterns/causal.ts';
import { full } from '../../patterns/full.ts';
import { globalTokens } from '../../patterns/global-tokens.ts';
import { segments } from '../../patterns/segments.ts';
import type { TensorSpec } from '../../tensor.ts';
import { ops } from '../index.ts';
import { expectError, spec } from '../ops.testing.ts';
import { kvHeadOf, attentionProblem, type AttentionAttributes } from './spec.ts';

const { attention } = ops;
const q = spec([2, 6, 5, 8]);
const k = spec([2, 3, 7, 8]);
const v = spec([2, 3, 7, 4]);
const pattern = full();

function infer(more: Record<string, TensorSpec> = {}, attributes: Partial<AttentionAttributes> = {}) {
  return attention.infer({ q, k, v, ...more }, { pattern, ...attributes });
}

describe('outputs', () => {
  test('out is like q with the value dim', () => {
    expect(infer()).toEqual([spec([2, 6, 5, 4])]);
  });

  test('lse is f32 and bhn whatever the layout and dtype', () => {
    const swapped = {
      q: spec([2, 5, 6, 8], 'f16'),
      k: spec([2, 7, 3, 8], 'f16'),
      v: spec([2, 7, 3, 4], 'f16'),
    };
    expect(infer(swapped, { layout: 'bnhd', returnLse: true })).toEqual([
      spec([2, 5, 6, 4], 'f16'),
      spec([2, 6, 5]),
    ]);
  });

  test('any legal sizes', () => {
    const size = fc.integer({ min: 1, max: 5 });
    const length = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(
        length,
        size,
        size,
        length,
        length,
        size,
        size,
        (batch, kvHeads, group, nq, nk, dim, valueDim) => {
          const inputs = {
            q: spec([batch, kvHeads * group, nq, dim]),
            k: spec([batch, kvHeads, nk, dim]),
            v: spec([batch, kvHeads, nk, valueDim]),
          };
          expect(attention.infer(inputs, { pattern })[0].shape).toEqual([
            batch,
            kvHeads * group,
            nq,
            valueDim,
          ]);
          const problem = attentionProblem(inputs, { pattern });
          expect(problem).toMatchObject({ queryOffset: nk - nq, scale: 1 / Math.sqrt(dim) });
          expect(kvHeadOf(problem, kvHeads * group - 1)).toBe(kvHeads - 1);
        },
      ),
    );
  });

  test('optional inputs of every accepted shape', () => {
    for (const shape of [[7], [5, 1], [6, 1, 1], [1, 6, 5, 7], [2, 1, 5, 7], []])
      infer({ bias: spec(shape) });
    for (const shape of [[6], [2, 6]]) infer({ alibiSlopes: spec(shape) });
    infer({ relativeBias: spec([6, 1]), keyMask: spec([2, 7], 'u8'), queryMask: spec([2, 5], 'bool') });
    infer({
      globalMask: spec([2, 7], 'bool'),
      segmentIds: spec([2, 7], 'i32'),
      keyLengths: spec([2], 'u32'),
    });
    infer({ qGlobal: q, kGlobal: k, vGlobal: v });
    const half = { q: spec(q.shape, 'f16'), k: spec(k.shape, 'f16'), v: spec(v.shape, 'f16') };
    infer({ ...half, bias: spec([7]), alibiSlopes: spec([6], 'f16') });
  });
});

describe('errors', () => {
  const cases: [string, () => unknown, Parameters<typeof expectError>[1], string][] = [
    [
      'rank',
      () => infer({ q: spec([6, 5, 8]) }),
      'INVALID_SHAPE',
      'q must be [batch, heads, seq, headDim], got [6, 5, 8]',
    ],
    [
      'batch',
      () => infer({ q: spec([3, 6, 5, 8]) }),
      'INVALID_SHAPE',
      'batch of q and k must be equal, got 3 and 2',
    ],
    [
      'head dim',
      () => infer({ q: spec([2, 6, 5, 9]) }),
      'INVALID_SHAPE',
      'head dim of q and k must be equal, got 9 and 8',
    ],
    [
      'lengths',
      () => infer({ v: spec([2, 3, 6, 4]) }),
      'INVALID_SHAPE',
      'length of k and v must be equal, got 7 and 6',
    ],
    [
      'heads',
      () => infer({ v: spec([2, 1, 7, 4]) }),
      'INVALID_SHAPE',
      'heads of k and v must be equal, got 3 and 1',
    ],
    [
      'grouped heads',
      () => infer({ q: spec([2, 4, 5, 8]) }),
      'INVALID_SHAPE',
      'query heads must be a multiple of key/value heads, got 4 and 3',
    ],
    ['value dim 0', () => infer({ v: spec([2, 3, 7, 0]) }), 'INVALID_SHAPE', 'value dim must be ≥ 1, got 0'],
    ['dtype', () => infer({ k: spec(k.shape, 'f16') }), 'INVALID_DTYPE', 'k must be f32 like q, got f16'],
    ['integers', () => infer({ q: spec(q.shape, 'i32') }), 'INVALID_DTYPE', 'q must be f32 or f16, got i32'],
    [
      'unknown input',
      () => infer({ masque: q }),
      'INVALID_ARGUMENT',
      expect.stringContaining('there is no input "masque"; known are q, k, v, keyMask'),
    ],
    [
      'input of another library',
      () => infer({ attnMask: q }),
      'INVALID_ARGUMENT',
      expect.stringContaining('there is no input "attnMask"; write keyMask [batch, keys] for padding'),
    ],
    ['missing input', () => attention.infer({ q, k }, { pattern }), 'MISSING_INPUT', 'input v is required'],
    [
      'mask dtype',
      () => infer({ keyMask: spec([2, 7]) }),
      'INVALID_DTYPE',
      'keyMask must be bool or u8, got f32',
    ],
    [
      'mask shape',
      () => infer({ keyMask: spec([2, 5], 'bool') }),
      'INVALID_SHAPE',
      'keyMask must be [batch, keys] = [2, 7], got [2, 5]',
    ],
    [
      'a mask of pairs',
      () => infer({ keyMask: spec([2, 1, 5, 7], 'bool') }),
      'INVALID_SHAPE',
      expect.stringContaining(
        'keyMask must be [batch, keys] = [2, 7] (for pairs write a pattern such as causal()',
      ),
    ],
    [
      'a mask of queries and keys',
      () => infer({ keyMask: spec([5, 7]) }),
      'INVALID_SHAPE',
      expect.stringContaining('segments() or where(…), or mask, of bool'),
    ],
    [
      'a mask of keys that broadcasts',
      () => infer({ keyMask: spec([2, 1, 1, 7], 'bool') }),
      'INVALID_SHAPE',
      'keyMask must be [batch, keys] = [2, 7] (reshape it), got [2, 1, 1, 7]',
    ],
    [
      'a mask as a bias',
      () => infer({ bias: spec([5, 7], 'bool') }),
      'INVALID_DTYPE',
      expect.stringContaining('bias must be f32 (for a mask write keyMask [batch, keys] for padding'),
    ],
    [
      'bias',
      () => infer({ bias: spec([5, 6]) }),
      'INVALID_SHAPE',
      'bias must broadcast to [batch, heads, queries, keys] = [2, 6, 5, 7], got [5, 6]',
    ],
    [
      'a mask of pairs',
      () => infer({ keyMask: spec([2, 1, 5, 7], 'bool') }),
      'INVALID_SHAPE',
      'keyMask must be [batch, keys] = [2, 7] (for pairs write a pattern such as causal(), slidingWindow(…), segments() or where(…), or mask, of bool, for any other pairs), got [2, 1, 5, 7]',
    ],
    [
      'a mask of pairs for all',
      () => infer({ keyMask: spec([5, 7], 'u8') }),
      'INVALID_SHAPE',
      'keyMask must be [batch, keys] = [2, 7] (for pairs write a pattern such as causal(), slidingWindow(…), segments() or where(…), or mask, of bool, for any other pairs), got [5, 7]',
    ],
    [
      'a mask of keys with axes for heads and queries',
      () => infer({ keyMask: spec([2, 1, 1, 7], 'bool') }),
      'INVALID_SHAPE',
      'keyMask must be [batch, keys] = [2, 7] (reshape it), got [2, 1, 1, 7]',
    ],
    [
      'a mask of queries with an axis too many',
      () => infer({ queryMask: spec([2, 5, 1], 'bool') }),
      'INVALID_SHAPE',
      'queryMask must be [batch, queries] = [2, 5] (reshape it), got [2, 5, 1]',
    ],
    [
      'a boolean bias',
      () => infer({ bias: spec([2, 1, 5, 7], 'bool') }),
      'INVALID_DTYPE',
      'bias must be f32 (for a mask write keyMask [batch, keys] for padding, a pattern such as causal(), slidingWindow(…), segments() or where(…) for who sees whom, mask, of bool, for any other pairs), got bool',
    ],
    [
      'a formula as pattern',
      () => infer({}, { pattern: (() => true) as never }),
      'INVALID_PATTERN',
      'pattern must be a pattern such as causal() (write where(({ q, k }) => …) for a formula, causal() with its brackets), got a function',
    ],
    [
      'JSON as pattern',
      () => infer({}, { pattern: { type: 'causal' } as never }),
      'INVALID_PATTERN',
      'pattern must be a pattern such as causal() (write patternFromJson(json) for JSON), got {"type":"causal"}',
    ],
    ['bias dtype', () => infer({ bias: spec([7], 'f16') }), 'INVALID_DTYPE', 'bias must be f32, got f16'],
    [
      'slopes',
      () => infer({ alibiSlopes: spec([3]) }),
      'INVALID_SHAPE',
      'alibiSlopes must be [heads] or [batch, heads] = [6] or [2, 6], got [3]',
    ],
    [
      'relative table',
      () => infer({ relativeBias: spec([6, 4]) }),
      'INVALID_SHAPE',
      'relativeBias must be [heads = 6, 2R + 1], got [6, 4]',
    ],
    [
      'half of the global projections',
      () => infer({ qGlobal: q, kGlobal: k }),
      'MISSING_INPUT',
      'qGlobal, kGlobal and vGlobal must be given together, got only qGlobal and kGlobal',
    ],
    [
      'shape of a global projection',
      () => infer({ qGlobal: q, kGlobal: k, vGlobal: k }),
      'INVALID_SHAPE',
      'vGlobal must be the shape of v = [2, 3, 7, 4], got [2, 3, 7, 8]',
    ],
    ['scale', () => infer({}, { scale: NaN }), 'INVALID_ARGUMENT', 'scale must be a finite number, got NaN'],
    [
      'softcap',
      () => infer({}, { softcap: 0 }),
      'INVALID_ARGUMENT',
      'softcap must be a finite number above 0, got 0',
    ],
    [
      'offset',
      () => infer({}, { queryOffset: 0.5 }),
      'INVALID_ARGUMENT',
      'queryOffset must be an integer, got 0.5',
    ],
    [
      'layout',
      () => infer({}, { layout: 'nhd' as never }),
      'INVALID_ARGUMENT',
      'layout must be "bhnd" or "bnhd", got "nhd"',
    ],
    [
      'returnLse',
      () => infer({}, { returnLse: 'no' as never }),
      'INVALID_ARGUMENT',
      'returnLse must be true or false, got "no"',
    ],
    [
      'positions',
      () => infer({}, { queryOffset: 7 - 2 ** 31 }),
      'INVALID_ARGUMENT',
      'positions must be below 2^31, got queryOffset -2147483641 with 5 queries and 7 keys',
    ],
    [
      'pattern',
      () => infer({}, { pattern: 'causal' as never }),
      'INVALID_PATTERN',
      'pattern must be a pattern such as causal(), got "causal"',
    ],
    [
      'data of the pattern',
      () => infer({}, { pattern: segments() }),
      'MISSING_INPUT',
      'pattern segments needs the input segmentIds',
    ],
  ];
  test.each(cases)('%s', (_, call, code, message) => {
    if (typeof message === 'string') expectError(call, code, `attention: ${message}`);
    else expect(call).toThrow(expect.objectContaining({ code, message }));
  });

  test('the last position that fits', () => {
    infer({}, { queryOffset: 2 ** 31 - 8 });
    infer({}, { queryOffset: 8 - 2 ** 31 });
  });

  test('a pattern that does not fit the sizes', () => {
    expect(() => infer({}, { pattern: globalTokens([7]) })).toThrow(
      expect.objectContaining({ code: 'INVALID_PATTERN' }),
    );
  });
});

test('the key of the attributes follows the content of the pattern', () => {
  const key = (attributes: AttentionAttributes) => attention.attributesKey?.(attributes);
  expect(key({ pattern: causal(), scale: 1 })).toBe(key({ scale: 1, pattern: causal() }));
  expect(key({ pattern: causal() })).not.toBe(key({ pattern: full() }));
  expect(key({ pattern: causal() })).not.toBe(key({ pattern: causal(), softcap: 30 }));
});
