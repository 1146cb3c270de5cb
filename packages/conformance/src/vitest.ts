/**
 * The suite as vitest tests, in Node and in browsers. Each case is a test with its id as the title, so that a
 * failure can run again alone: `ATTN_CASES='attn:attention:*dilation*' npx vitest run`.
 *
 * A backend says itself what it cannot do, and its test declares it: an unsupported case that is not declared
 * fails, and so does a declared case that works. Nothing is ever skipped.
 */
import { type Backend } from '@attn/core';
import {
  aFunction,
  aNumber,
  aRecord,
  anObject,
  aString,
  checkArgument,
  checkOptions,
  integer,
  type OptionKinds,
} from '@attn/core/backend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MakeBackend } from './contract/index.ts';
import { environment, isWholeRun, patience } from './environment.ts';
import { aHalf, isInHalf } from './halves.ts';
import { globsWithoutMatch, matches } from './select.ts';
import { suite } from './suite.ts';
import { verdict, type Exceptions } from './verdict.ts';

export { describeFunctions } from './arguments/describe-functions.ts';

/** What of the suite runs where time matters. */
export interface BriefRun {
  /** The tests, by the globs of `selectCases`. Default: all. */
  readonly cases?: string;
  /** Half of the cases, 0 or 1, in which every planted fault of the suite shows. Default: both halves. */
  readonly half?: 0 | 1;
  /** The cases that run whatever the half, by the same globs. Default: none. */
  readonly always?: string;
  /** Properties try one in so many of their random calls. Default: 1, all of them. */
  readonly oneCallIn?: number;
}

/** Options of `describeConformance`. */
export interface ConformanceOptions {
  /** The tests that there are in this setting, by the globs of `selectCases`. Default: all. */
  readonly cases?: string;
  /**
   * What the backend cannot do: for each glob of ids a part of the reason that `supports` gives. It must be
   * exactly so: every matching case unsupported for that reason, and every other case supported.
   */
  readonly expectUnsupported?: Exceptions;
  /**
   * A smaller run for every day, such as the cases whose kernels a setting changes, for a backend that runs
   * the whole suite in another setting. `ATTN_SUITE=whole` in the environment runs everything, `ATTN_CASES`
   * what its globs select.
   */
  readonly brief?: BriefRun;
  /**
   * Milliseconds that a case may take at least, for a setting that compiles slowly. `ATTN_PATIENCE=5` in the
   * environment gives all cases five times as long.
   */
  readonly caseTimeout?: number;
}

const OPTIONS: OptionKinds<ConformanceOptions> = {
  cases: aString,
  expectUnsupported: aRecord,
  brief: anObject,
  caseTimeout: aNumber,
};

const BRIEF_OPTIONS: OptionKinds<BriefRun> = {
  cases: aString,
  half: aHalf,
  always: aString,
  oneCallIn: integer(1),
};

/**
 * Declares the whole suite: cases, contract, goldens and properties, for the backends that `make` makes. Let
 * it make them so that they poison their memory, if they can: `() => cpu({ poison: true })`.
 *
 * Errors: `INVALID_ARGUMENT` for options that it does not know; a glob that matches no test is a test that
 * fails.
 *
 * @example
 * describeConformance(() => myBackend({ poison: true }));
 */
export function describeConformance(make: MakeBackend, options: ConformanceOptions = {}): void {
  const where = 'conformance/describeConformance';
  checkArgument(where, 'make', make, aFunction);
  const {
    expectUnsupported = {},
    cases = '',
    caseTimeout = 0,
    brief = {},
  } = checkOptions(where, options, OPTIONS);
  const {
    cases: briefSelector = '',
    half,
    always = '',
    oneCallIn = 1,
  } = checkOptions(where, brief, BRIEF_OPTIONS, { name: 'brief' });
  const asked = environment('ATTN_CASES');
  const isBrief = asked === undefined && !isWholeRun();
  const today = asked ?? (isBrief ? briefSelector : '');
  const isToday = (id: string): boolean =>
    matches(today, id) &&
    (!isBrief || half === undefined || isInHalf(half, id) || (always !== '' && matches(always, id)));

  describe('conformance', async () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await make();
      const probe = await backend.probe();
      if (!probe.available)
        throw new Error(`[attn/conformance] ${backend.name} is not available here: ${probe.reason}`);
    });
    afterAll(async () => {
      await backend?.dispose();
      await backend?.dispose(); // idempotent
    });

    const tests = await suite();
    const ids = tests.map(({ id }) => id);

    test('the declared exceptions name cases that exist', () => {
      for (const glob of Object.keys(expectUnsupported)) {
        expect(
          ids.filter((id) => matches(glob, id)),
          `cases that match ${glob}`,
        ).not.toEqual([]);
      }
    });
    const own = ids.filter((id) => matches(cases, id));
    const selections: readonly (readonly [string, readonly string[]])[] = [
      [cases, ids],
      [briefSelector, own],
      [always, ids],
      [asked ?? '', ids],
    ];
    for (const [selector, all] of selections) {
      if (selector === '') continue;
      test(`each glob selects a test: ${selector}`, () => {
        expect(globsWithoutMatch(selector, all)).toEqual([]);
      });
    }
    const selected = tests.filter(({ id }) => matches(cases, id) && isToday(id));
    for (const { id, timeout, run } of selected) {
      test(id, { timeout: patience() * Math.max(timeout, caseTimeout) }, async () => {
        const result = await run(backend, make, isBrief ? oneCallIn : 1);
        const problem = verdict(result, expectUnsupported);
        if (problem !== undefined) throw new Error(problem);
      });
    }
  });
}
