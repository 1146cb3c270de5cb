/**
 * The suite as vitest tests, in Node and in a browser alike. One test per case, titled by its id, so that a failure can
 * be run again alone: `ATTN_CASES='attn:attention:*dilation*' npx vitest run`.
 *
 * What a backend cannot do it says itself, and the caller must have declared it: a case that is unsupported without
 * having been declared fails, and so does one that was declared and works. Nothing is ever skipped.
 */
import { type Backend } from '@attn/core';
import {
  aFunction,
  aNumber,
  aRecord,
  aString,
  checkArgument,
  checkOptions,
  type OptionKinds,
} from '@attn/core/backend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MakeBackend } from './contract/index.ts';
import { environment } from './environment.ts';
import { aSuitePart, isInPart, matches, type SuitePart } from './select.ts';
import { suite } from './suite.ts';
import { verdict, type Exceptions } from './verdict.ts';

export { describeFunctions } from './arguments/describe-functions.ts';

/** Options of `describeConformance`. */
export interface ConformanceOptions {
  /** Which tests to run, by the globs of `selectCases`. Default: the environment's `ATTN_CASES`, else all. */
  readonly cases?: string;
  /**
   * What the backend cannot do: for each glob of ids a part of the reason that `supports` gives. It must be exactly so:
   * every matching case unsupported for that reason, and every other case supported.
   */
  readonly expectUnsupported?: Exceptions;
  /**
   * For another setting of a backend that runs the whole suite already: only a part of it, and properties on fewer calls. With
   * `ATTN_SUITE=whole` in the environment everything runs in every setting.
   */
  readonly part?: SuitePart;
  /** Milliseconds that a case may take at least, for a setting that compiles slowly. */
  readonly caseTimeout?: number;
}

const OPTIONS: OptionKinds<ConformanceOptions> = {
  cases: aString,
  expectUnsupported: aRecord,
  part: aSuitePart,
  caseTimeout: aNumber,
};

/**
 * Declares the whole suite: cases, contract, goldens and properties, for the backends that `make` makes. Let it make
 * them so that they poison their memory, if they can: `() => cpu({ poison: true })`.
 *
 * @example
 * describeConformance(() => myBackend({ poison: true }));
 */
export function describeConformance(make: MakeBackend, options: ConformanceOptions = {}): void {
  checkArgument('conformance/describeConformance', 'make', make, aFunction);
  const {
    expectUnsupported = {},
    cases: selector = environment('ATTN_CASES') ?? '',
    caseTimeout = 0,
    part: wanted,
  } = checkOptions('conformance/describeConformance', options, OPTIONS);
  const isWhole = environment('ATTN_SUITE') === 'whole' || selector !== '';
  const part = isWhole ? undefined : wanted;
  /** Of another setting every property is tried, on fewer calls; all else only in part. */
  const isSelected = (id: string): boolean =>
    matches(selector, id) && (part === undefined || id.startsWith('property:') || isInPart(part, id));

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
    if (selector !== '') {
      test(`ATTN_CASES selects something: ${selector}`, () => {
        expect(ids.filter((id) => matches(selector, id))).not.toEqual([]);
      });
    }
    for (const { id, timeout, run } of tests.filter(({ id }) => isSelected(id))) {
      test(id, { timeout: Math.max(timeout, caseTimeout) }, async () => {
        const problem = verdict(await run(backend, make, part?.of), expectUnsupported);
        if (problem !== undefined) throw new Error(problem);
      });
    }
  });
}
