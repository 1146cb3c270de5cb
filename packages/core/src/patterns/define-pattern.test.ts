import { describe, expect, it } from 'vitest';
import { and, not, or } from './combinators.ts';
import { causal } from './causal.ts';
import { failure } from './errors.testing.ts';
import { definePattern } from './define-pattern.ts';
import { fixed } from './fixed.ts';
import { globalTokens } from './global-tokens.ts';
import { keyPadding } from './key-padding.ts';
import type { Pattern, PatternDefinition } from './pattern.ts';
import { perHead } from './per-head.ts';
import { segments } from './segments.ts';
import { slidingWindow } from './sliding-window.ts';
import { strided } from './strided.ts';

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
    const [near, far] = [mine(1), mine(2)];
    expect(near.toJSON()).toEqual(far.toJSON());
    expect(and(causal(), near).key).not.toBe(and(causal(), far).key);
    expect(or(near, causal()).key).not.toBe(or(far, causal()).key);
    expect(not(near).key).not.toBe(not(far).key);
    expect(and(or(causal(), near)).key).toBe(and(or(causal(), near)).key);
    const heads = perHead([near, far, near]);
    expect([0, 1, 2].map((h) => heads.variant(0, h))).toEqual(['0:', '1:', '0:']);
  });
});

describe('isCausal and isLimit', () => {
  const traits = ({ isCausal, isLimit }: Pattern) => ({ isCausal, isLimit });
  const both = { isCausal: true, isLimit: true };
  const neither = { isCausal: false, isLimit: false };
  const limit = mine(1, { isLimit: true });
  const past = mine(1, { isCausal: true, allows: (_b, _h, q, k) => k <= q });

  it.each<[string, Pattern, ReturnType<typeof traits>]>([
    ['no is the default', mine(1), neither],
    ['a definition says both', mine(1, both), both],
    ['causal', causal(), both],
    ['strided', strided({ stride: 2 }), { isCausal: true, isLimit: false }],
    ['fixed', fixed({ stride: 2, summary: 1 }), { isCausal: true, isLimit: false }],
    ['keyPadding', keyPadding({ lengths: [2] }), { isCausal: false, isLimit: true }],
    ['keyPadding, unbound', keyPadding(), { isCausal: false, isLimit: true }],
    ['segments', segments({ ids: [0, 0] }), { isCausal: false, isLimit: true }],
    ['segments, unbound', segments(), { isCausal: false, isLimit: true }],
    [
      'segments, bound',
      segments().bind({ segmentIds: { batch: 1, length: 1, data: [0] } }),
      traits(segments()),
    ],
    ['globalTokens', globalTokens(), neither],
    ['slidingWindow that looks back', slidingWindow({ before: 1, after: 0 }), neither],
    ['and is causal if one is', and(mine(1), past), { isCausal: true, isLimit: false }],
    ['and is a limit if all are', and(limit, causal()), both],
    ['or is causal if all are', or(past, causal()), { isCausal: true, isLimit: false }],
    ['or is not causal if one is not', or(limit, causal()), { isCausal: false, isLimit: true }],
    ['perHead is like or', perHead([past, causal()]), { isCausal: true, isLimit: false }],
    ['perHead of limits', perHead([limit, causal()]), { isCausal: false, isLimit: true }],
    ['not is neither', not(causal()), neither],
    ['and, bound', and(segments(), causal()).bind({ segmentIds: { batch: 1, length: 1, data: [0] } }), both],
  ])('%s', (_, pattern, expected) => {
    expect(traits(pattern)).toEqual(expected);
  });

  it('do not change the JSON form', () => {
    expect(mine(1, both).toJSON()).toEqual({ type: 'mine' });
  });

  it('must be true or false', () => {
    expect(failure(() => mine(1, { isCausal: 1 as never }))).toContain(
      'isCausal must be true or false, got 1',
    );
    expect(failure(() => mine(1, { isLimit: 'no' as never }))).toContain(
      'isLimit must be true or false, got "no"',
    );
  });

  it('are believed only as far as the answers agree', () => {
    const wrong = mine(1, { isCausal: true, classify: () => 'all', classifyRuns: () => 'all' });
    expect(wrong.allows(0, 0, 3, 3)).toBe(true);
    expect(wrong.allows(0, 0, 3, 5)).toBe(false);
    expect(failure(() => wrong.allows(0, 0, 3, 4))).toContain(
      "mine's allows to be false for query 3 and key 4, as it isCausal, got true",
    );
    const [earlier, later] = [0, 4].map((start) => ({ start, step: 1, count: 4 }));
    expect(wrong.classify(0, 0, later, earlier)).toBe('all');
    expect(failure(() => wrong.classify(0, 0, earlier, later))).toContain(
      'mine\'s classify to hide key 7 from query 0, as it isCausal, got "all"',
    );
    expect(wrong.classifyRuns?.(0, 0, [later], [earlier])).toBe('all');
    expect(failure(() => wrong.classifyRuns?.(0, 0, [later, earlier], [earlier]))).toContain(
      'mine\'s classifyRuns to hide key 3 from query 0, as it isCausal, got "all"',
    );
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

it('keys built-in patterns by their content', () => {
  expect(causal().key).toMatchInlineSnapshot(`"causal{}"`);
  expect(and(causal(), not(causal())).key).toMatchInlineSnapshot(
    `"and{"of":["causal{}","not{\\"of\\":[\\"causal{}\\"]}"]}"`,
  );
});
