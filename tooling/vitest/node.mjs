// The vitest preset of every package: tests beside their sources, run in Node. Beside the usual output each run leaves a
// JSON report, from which CI counts what really ran.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests of `npm run check`: they prove what rarely breaks, or take long. */
const wholeRunOnly = process.env.ATTN_SUITE === 'whole' ? [] : ['**/*.whole.test.{ts,mjs}'];

const exclude = ['**/node_modules/**', '**/dist/**', ...wholeRunOnly];

/** Properties and whole suites take seconds; on a slow, busy machine a minute still is no hang. */
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

/** The tests that run in Node: every test file that is not named for the browser. */
export const nodeTests = {
  ...timeouts,
  name: 'node',
  include: ['**/*.test.{ts,mjs}'],
  exclude: [...exclude, '**/*.browser.test.{ts,mjs}'],
  passWithNoTests: true,
  // What is measured here is nothing that the user's own programs should go by.
  env: Object.fromEntries(
    ['XDG_CACHE_HOME', 'LOCALAPPDATA'].map((name) => [name, join(tmpdir(), `attn-tests-${process.pid}`)]),
  ),
};

/** The tests that run in a browser. */
export const browserTests = {
  ...timeouts,
  name: 'browser',
  include: ['**/*.browser.test.{ts,mjs}'],
  exclude,
  // A page has no environment of its own: our variables are handed over, as `import.meta.env` there.
  env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('ATTN_'))),
};

/** Where the counts of a run go; `tooling/vitest/count.mjs` reads them. */
export const reporters = ['default', ['json', { outputFile: 'reports/tests.json' }]];

export default defineConfig({ test: { ...nodeTests, reporters } });
