import { describe, expect, it } from 'vitest';
import { and, not, or } from './combinators.ts';
import { causal } from './causal.ts';
import { failure } from './errors.testing.ts';
import { definePattern, type Pattern, type PatternDefinition } from './pattern.ts';
import { perHead } from './per-head.ts';

const mine = (reach: number, more: Partial<PatternDefinition> = {}): Pattern =>
  definePattern({
    type: 'mine',
    allows: (_b, _h, q, k) => Math.abs(q - k) <= reach,
    classify: () => 'some',
    ...more,
  });

describe('a pattern of the user', () => {
  it('is a pattern of its own, unless it is given a key', () => {
    const pattern = mine(1);
    expect(pattern.key).toBe(pattern.key);
    expect(pattern.key).not.toBe(mine(1).key);
    expect(mine(1, { key: 'mine/1' }).key).toBe(mine(1, { key: 'mine/1' }).key);
    expect(mine(1, { key: 'mine/1' }).key).not.toBe(mine(2, { key: 'mine/2' }).key);
  });

  it('is told apart by its options, too', () => {
    const keyed = (reach: number): Pattern => mine(reach, { key: 'mine@1', options: { reach } });
    expect(keyed(1).key).toBe(keyed(1).key);
    expect(keyed(1).key).not.toBe(keyed(2).key);
  });

  it('never has the key of a built-in pattern, or that of a counted one', () => {
    const posed = mine(1, { type: 'causal', key: causal().key });
    expect(posed.key).not.toBe(causal().key);
    const [, instance] = /"instance":(\d+)/.exec(mine(1).key) ?? [];
    const next = mine(1, { key: String(Number(instance) + 1) });
    expect(next.key).not.toBe(mine(1).key);
  });

  it('gives its identity to what is made of it', () => {
    const [one, two] = [mine(1), mine(2)];
    expect(one.toJSON()).toEqual(two.toJSON());
    expect(and(causal(), one).key).not.toBe(and(causal(), two).key);
    expect(or(one, causal()).key).not.toBe(or(two, causal()).key);
    expect(not(one).key).not.toBe(not(two).key);
    expect(and(or(causal(), one)).key).toBe(and(or(causal(), one)).key);
    const heads = perHead([one, two, one]);
    expect([0, 1, 2].map((h) => heads.variant(0, h))).toEqual(['0:', '1:', '0:']);
  });
});

describe('a definition that goes wrong', () => {
  const run = { start: 0, step: 1, count: 4 };

  it('is refused without its functions', () => {
    expect(failure(() => definePattern(null as never))).toMatch(
      /the definition must be an object with type, .*, got null/,
    );
    expect(failure(() => mine(1, { type: undefined }))).toContain('type must be a string, got undefined');
    expect(failure(() => mine(1, { allows: undefined }))).toContain(
      'allows must be a function, got undefined',
    );
    expect(failure(() => mine(1, { classify: 'some' as never }))).toContain(
      'classify must be a function, got "some"',
    );
  });

  it.each([undefined, 1, NaN, null, 'all', Promise.resolve(true)])('allows that answers %s', (answer) => {
    const pattern = mine(1, { allows: () => answer as never });
    expect(failure(() => pattern.allows(0, 0, 3, 4))).toMatch(
      /^INVALID_PATTERN .* expected mine's allows to return true or false for query 3 and key 4, got /,
    );
    expect(failure(() => and(causal(), pattern).allows(0, 0, 4, 4))).toContain(
      "mine's allows to return true or false",
    );
  });

  it.each([undefined, true, 'ALL', 1])('classify that answers %s', (answer) => {
    const pattern = mine(1, { classify: () => answer as never, classifyRuns: () => answer as never });
    expect(failure(() => pattern.classify(0, 0, run, run))).toContain(
      "mine's classify to return 'none', 'all' or 'some', got ",
    );
    expect(failure(() => pattern.classifyRuns?.(0, 0, [run], [run]))).toContain(
      "mine's classifyRuns to return",
    );
  });

  it('keeps the methods of an object of a class', () => {
    class Mine {
      readonly type = 'mine';
      allows(): boolean {
        return true;
      }
      classify(): 'all' {
        return 'all';
      }
      signature(): string {
        return 'the same everywhere';
      }
    }
    const pattern = definePattern(new Mine());
    expect(pattern.signature(0, 0, run, run)).toBe('the same everywhere');
    expect(pattern.classify(0, 0, run, run)).toBe('all');
  });
});

it('keys built-in patterns by their content, as ever', () => {
  expect(causal().key).toMatchInlineSnapshot(`"causal{}"`);
  expect(and(causal(), not(causal())).key).toMatchInlineSnapshot(
    `"and{"of":["causal{}","not{\\"of\\":[\\"causal{}\\"]}"]}"`,
  );
});
