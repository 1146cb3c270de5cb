import { describe, expect, it } from 'vitest';
import { AttnError } from '../errors.ts';
import { failure } from './errors.testing.ts';
import { patternFromJson } from './json.ts';

const nested = (depth: number): string =>
  `${'{"type":"not","of":'.repeat(depth)}{"type":"causal"}${'}'.repeat(depth)}`;

describe('patternFromJson', () => {
  it.each([
    [{ type: 'globalTokens' }, ['globalMask']],
    [{ type: 'and', of: [{ type: 'segments' }, { type: 'keyPadding' }] }, ['segmentIds', 'keyLengths']],
    [{ type: 'perHead', of: [{ type: 'full' }, { type: 'not', of: { type: 'causal' } }] }, []],
    [{ type: 'where', expression: ['le', ['abs', ['sub', 'q', 'k']], 256] }, []],
  ])('reads %j', (json, inputs) => {
    const pattern = patternFromJson(json);
    expect(pattern.toJSON()).toEqual(json);
    expect(pattern.inputs).toEqual(inputs);
  });

  it('says which types there are', () => {
    expect(failure(() => patternFromJson({ type: 'slidingwindow' }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected a pattern's type to be one of full, causal, slidingWindow, globalTokens, keyPadding, segments, sinks, strided, fixed, randomBlocks, blockSparse, where, and, or, not, perHead, got "slidingwindow""`,
    );
  });

  it('names the option that is unknown, missing or wrong', () => {
    expect(failure(() => patternFromJson({ type: 'causal', strict: true }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] causal: there is no option "strict"; none is known"`,
    );
    expect(failure(() => patternFromJson({ type: 'sinks', n: 4 }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] sinks: there is no option "n"; known are count"`,
    );
    expect(failure(() => patternFromJson({ type: 'sinks' }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected sinks' count to be a positive integer, got undefined"`,
    );
    expect(
      failure(() => patternFromJson({ type: 'slidingWindow', before: '3', after: 3 })),
    ).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected slidingWindow's before to be a non-negative integer, got "3""`,
    );
    expect(failure(() => patternFromJson({ type: 'and', of: { type: 'causal' } }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected and's of to be a list of patterns, got {"type":"causal"}"`,
    );
    expect(failure(() => patternFromJson({ type: 'or', of: [{ type: 'causal' }, 3] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected a pattern to be an object with a type, got 3"`,
    );
    expect(failure(() => patternFromJson({ type: 'where' }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where to be given an expression that is true or false, such as ["le", "k", "q"], got null"`,
    );
  });

  it.each(
    [null, undefined, 3, 'causal', [], {}, { type: 3 }, { type: 'constructor' }, { type: '__proto__' }].map(
      (json) => [json],
    ),
  )('refuses %j', (json) => expect(failure(() => patternFromJson(json))).toMatch(/^INVALID_PATTERN/));

  it('reads 32 levels and refuses more, however deep', () => {
    expect(patternFromJson(JSON.parse(nested(32))).type).toBe('not');
    expect(failure(() => patternFromJson(JSON.parse(nested(33))))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected patterns to be nested, got "more than 32 levels""`,
    );
    expect(() => patternFromJson(JSON.parse(nested(100_000)))).toThrow(AttnError);
  });

  it('reads lists of any length', () => {
    const of = Array.from({ length: 150_000 }, () => ({ type: 'causal' }));
    for (const type of ['and', 'or']) {
      const pattern = patternFromJson({ type, of });
      expect(pattern.allows(0, 0, 0, 1)).toBe(false);
      expect(pattern.bind({}).type).toBe(type);
      expect(pattern.withoutGlobals().key).toBe(pattern.key);
    }
  });

  it.each([
    `${'["not",'.repeat(50_000)}true${']'.repeat(50_000)}`,
    `["le",${'["abs",'.repeat(50_000)}"q"${']'.repeat(50_000)},3]`,
    `["no such operation",${'['.repeat(50_000)}${']'.repeat(50_000)}]`,
  ])('refuses an expression that is too deep', (expression) => {
    expect(() => patternFromJson({ type: 'where', expression: JSON.parse(expression) })).toThrow(AttnError);
  });
});
