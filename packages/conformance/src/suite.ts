/**
 * The whole suite as one list, for vitest (`vitest.ts`) or for any other program. Cases, contract, goldens
 * and properties all result in a `CaseResult`; what a backend says that it cannot do is `unsupported`, with
 * its reason.
 */
import { type Backend, type Graph } from '@attn/core';
import { supportsGraph } from '@attn/core/backend';
import { allCases } from './cases/index.ts';
import { contractCases, type MakeBackend } from './contract/index.ts';
import { goldenCalls, goldenEntries, goldenId, readGolden, runGolden } from './goldens/index.ts';
import { backendProperties, PROPERTY_LIMIT } from './properties/index.ts';
import { runCase, type CaseResult } from './runner.ts';

/** A test of the suite. */
export interface SuiteTest {
  readonly id: string;
  /**
   * Milliseconds, generous for busy machines and first compilations: an endless wait must fail with the id.
   */
  readonly timeout: number;
  /**
   * Runs the test. Never rejects.
   * @param make makes another backend of the same kind, for tests that dispose of it
   * @param of properties try one in so many of their random calls
   */
  run(backend: Backend, make: MakeBackend, of?: number): Promise<CaseResult>;
}

const CASE_TIMEOUT = 30_000;

/** Some promises take hundreds of compilations to check. */
const CONTRACT_TIMEOUT = 120_000;

/** Every test of the suite, in order. */
export async function suite(): Promise<readonly SuiteTest[]> {
  const entries = await goldenEntries();
  return [
    ...allCases.map((each): SuiteTest => ({
      id: each.id,
      timeout: CASE_TIMEOUT,
      run: (backend) => runCase(backend, each),
    })),
    ...contractCases.map(({ id, description, needs, check }): SuiteTest => ({
      id,
      timeout: CONTRACT_TIMEOUT,
      run: (backend, make) =>
        result(id, backend, needs?.(), async () => {
          const problem = await check(backend, make);
          return problem && `${id}: ${description}\n${problem}`;
        }),
    })),
    ...entries.map((entry): SuiteTest => {
      const id = goldenId(entry);
      return {
        id,
        timeout: CASE_TIMEOUT,
        run: async (backend) => {
          try {
            const golden = await readGolden(entry);
            for (const call of Object.values(goldenCalls(golden))) {
              const outcome = await runGolden(backend, golden, call);
              if (outcome.status !== 'passed') return outcome;
            }
            return { id, status: 'passed' };
          } catch (error) {
            return { id, status: 'failed', message: textOf(error) };
          }
        },
      };
    }),
    ...backendProperties.map(({ id, needs, check }): SuiteTest => ({
      id,
      timeout: PROPERTY_LIMIT,
      run: (backend, _make, of) =>
        result(id, backend, needs(), async () => {
          await check(backend, of);
          return undefined;
        }),
    })),
  ];
}

/** The outcome of a check; `unsupported` on a backend that does not run the graph which the check needs. */
async function result(
  id: string,
  backend: Backend,
  needs: Graph | undefined,
  check: () => Promise<string | undefined>,
): Promise<CaseResult> {
  const supported = needs === undefined || supportsGraph(backend, needs);
  if (supported !== true) return { id, status: 'unsupported', reason: supported };
  try {
    const message = await check();
    return message === undefined ? { id, status: 'passed' } : { id, status: 'failed', message };
  } catch (error) {
    return { id, status: 'failed', message: textOf(error) };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
