/**
 * The suite as vitest tests, in Node and in a browser alike. One test per case, titled by its id, so that a failure can
 * be run again alone: `ATTN_CASES='attn:attention:*dilation*' npx vitest run`.
 *
 * What a backend cannot do it says itself, and the caller must have declared it: a case that is unsupported without
 * having been declared fails, and so does one that was declared and works. Nothing is ever skipped.
 */
import type { Backend } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allCases } from './cases/index.ts';
import { contractCases, type MakeBackend } from './contract/index.ts';
import { environment } from './environment.ts';
import { goldenCalls, goldenEntries, goldenId, readGolden, runGolden } from './goldens/index.ts';
import { backendProperties, PROPERTY_LIMIT } from './properties/index.ts';
import { runCase } from './runner.ts';
import { isInPart, matches, type SuitePart } from './select.ts';
import { verdict, type Exceptions } from './verdict.ts';

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
  /** Milliseconds that a case may take, for a setting that compiles slowly. Default 30,000. */
  readonly caseTimeout?: number;
}

/** Milliseconds; a wait without an end must fail with the case's id. Generous, for busy machines and first compilations. */
const CASE_TIMEOUT = 30_000;

/**
 * Declares the whole suite: cases, contract, goldens and properties, for the backends that `make` makes. Let it make
 * them so that they poison their memory, if they can: `() => cpu({ poison: true })`.
 */
export function describeConformance(make: MakeBackend, options: ConformanceOptions = {}): void {
  const {
    expectUnsupported = {},
    cases: selector = environment('ATTN_CASES') ?? '',
    caseTimeout: timeout = CASE_TIMEOUT,
  } = options;
  const isWhole = environment('ATTN_SUITE') === 'whole' || selector !== '';
  const part = isWhole ? undefined : options.part;
  const selected = <T extends { readonly id: string }>(list: readonly T[]): readonly T[] =>
    list.filter(({ id }) => matches(selector, id) && (part === undefined || isInPart(part, id)));

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

    const entries = (await goldenEntries()).map((entry) => ({ id: goldenId(entry), entry }));
    const ids = [allCases, contractCases, entries, backendProperties].flatMap((list) =>
      list.map(({ id }) => id),
    );

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
    for (const each of selected(allCases)) {
      test(each.id, { timeout }, async () =>
        report(verdict(await runCase(backend, each), expectUnsupported)),
      );
    }
    for (const { id, check, description } of selected(contractCases)) {
      test(id, { timeout }, async () => {
        const problem = await check(backend, make);
        report(problem && `${id}: ${description}\n${problem}`);
      });
    }
    for (const { id, entry } of selected(entries)) {
      test(id, { timeout }, async () => {
        const golden = await readGolden(entry);
        for (const call of Object.values(goldenCalls(golden))) {
          report(verdict(await runGolden(backend, golden, call), expectUnsupported));
        }
      });
    }
    for (const { id, check } of backendProperties.filter(({ id }) => matches(selector, id))) {
      test(id, { timeout: PROPERTY_LIMIT }, () => check(backend, part?.of));
    }
  });
}

/** Throws when something is wrong. */
function report(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem);
}
