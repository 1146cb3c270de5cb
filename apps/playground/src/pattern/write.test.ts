import * as core from '@attn/core';
import { describe, expect, test } from 'vitest';
import { FIRST_STATE, stateFromHash, stateToHash } from '../state/url.ts';
import { FieldError } from './kind.ts';
import { KINDS, kindOf, TYPES } from './kinds.ts';
import { packNode, unpackNode, type PatternNode } from './node.ts';
import { PRESETS } from './presets.ts';
import { command, patternJson, typescript } from './write.ts';

const N = 4096;
const begin = (type: string): PatternNode => ({
  type,
  values: {},
  parts: kindOf(type).parts === undefined ? [] : [{ type: 'slidingWindow', values: {}, parts: [] }],
});
const examples: readonly (readonly [string, PatternNode, number])[] = [
  ...[...KINDS.keys()].map((type) => [type, begin(type), N] as const),
  ...PRESETS.map(({ name, node, n }) => [name, node, Math.min(n, 8192)] as const),
];

describe.each(examples)('%s', (_name, node, n) => {
  test('has JSON that the library reads', () => {
    const pattern = core.patternFromJson(patternJson(node, n));
    const heads = node.type === 'perHead' ? node.parts.length : 1;
    pattern.validate({ batch: 1, heads, queryLength: n, keyLength: n, queryOffset: 0 });
  });

  test('has TypeScript that makes the same pattern', () => {
    const code = typescript(node, n);
    const [, names, expression] =
      /^import \{ (.*) \} from '@attn\/core';\n\nconst pattern = (.*);\n$/s.exec(code) ?? [];
    const functions = names.split(', ').map((name) => (core as Record<string, unknown>)[name]);
    const pattern: core.Pattern = new Function(
      ...names.split(', '),
      `return ${expression.replace('<number>', '')}`,
    )(...functions);
    expect(pattern.key).toBe(core.patternFromJson(patternJson(node, n)).key);
  });

  test('comes back from a link', () => {
    expect(unpackNode(JSON.parse(JSON.stringify(packNode(node))), TYPES)).toEqual(node);
    const state = { ...FIRST_STATE, pattern: node, n, heads: 4, head: 2 };
    expect(stateFromHash(stateToHash(state))).toEqual(state);
  });
});

test('there is a kind for each type that the library reads, and for no other', () => {
  let message = '';
  try {
    core.patternFromJson({ type: '' });
  } catch (error) {
    message = String(error);
  }
  const [, names = ''] = /one of (.*), got/.exec(message) ?? [];
  expect([...KINDS.keys()].toSorted()).toEqual(names.split(', ').toSorted());
});

test.each([
  ['slidingWindow', { before: 'x' }, 'Before: expected an integer from 0 on, got "x"'],
  ['slidingWindow', { dilation: '' }, 'Dilation: expected an integer, got nothing'],
  ['strided', { stride: '0' }, 'Stride: expected an integer from 1 on, got "0"'],
  ['blockSparse', { layout: '102' }, 'Layout: expected 0 or 1, got "2"'],
  ['where', { formula: 'q <' }, 'expected a formula'],
])('%s refuses %j', (type, values, message) => {
  const write = (): unknown => patternJson({ type, values, parts: [] }, N);
  expect(write).toThrow(FieldError);
  expect(write).toThrow(message);
});

test('a combination without parts is refused', () => {
  expect(() => patternJson({ type: 'or', values: {}, parts: [] }, N)).toThrow('at least 1 part, got 0');
});

test('the command names a file where the pattern is too long for it', () => {
  expect(command(PRESETS[0].node, { n: N, heads: 2 })).toBe(
    `attn plan --n 4096 --heads 2 --pattern '${JSON.stringify(patternJson(PRESETS[0].node, N))}'`,
  );
  expect(command(begin('segments'), { n: N, heads: 1 })).toBe('attn plan --n 4096 --pattern pattern.json');
});

test.each([
  '',
  '#x',
  '#draw?pattern=[',
  '#draw?pattern=["eval"]&n=-1&heads=9999&head=3',
  '#draw?pattern=["or",{},[1]]',
])('the link %j opens the first state', (hash) => {
  expect(stateFromHash(hash)).toEqual(FIRST_STATE);
});
