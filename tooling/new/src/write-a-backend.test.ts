/**
 * docs/internals/write-a-backend.md, followed to the letter in a copy of the repository: the scaffold's
 * backend passes, and so does the page's own after its two files took the place of the scaffold's.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backend } from './backend.ts';
import { buildBackend, copyRepository, linkBackend, named, repository } from './copy.testing.ts';
import { apply } from './scaffold.ts';

const page = readFileSync(join(repository, 'docs/internals/write-a-backend.md'), 'utf8');
const [code, suite] = [...page.matchAll(/^```ts\n(.+?)^```/gms)].map(([, block]) => block);

const copy = copyRepository();
const folder = join(copy, 'packages/abacus');
beforeAll(() => {
  apply(copy, backend(named('abacus'), copy));
  linkBackend(copy, 'abacus');
});
afterAll(() => rmSync(copy, { recursive: true }));

interface Report {
  readonly numPassedTests: number;
  readonly numTotalTests: number;
  readonly success: boolean;
}

/** Runs the package's tests in Node, after it was compiled. */
function runSuite(cases?: string): { readonly report: Report; readonly output: string } {
  const env = { ...process.env, ...(cases && { ATTN_CASES: cases }) };
  expect(buildBackend(copy, 'abacus')).toBe('');
  const { stdout, stderr } = spawnSync('vitest', ['run', '--project', 'node'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, PATH: `${join(folder, 'node_modules/.bin')}:${process.env.PATH}` },
  });
  const report: Report = JSON.parse(readFileSync(join(folder, 'reports/tests.json'), 'utf8'));
  return { report, output: stdout + stderr };
}

test('the scaffold is green', { timeout: 300_000 }, () => {
  const { report, output } = runSuite(
    'attn:relu:* attn:add:* attn:attention:*window=3* contract:disposed contract:state-*',
  );
  expect(report.success, output).toBe(true);
  expect(report.numPassedTests).toBeGreaterThan(30);
});

test(
  'the backend of the page is at most 50 lines, and green with what it declares',
  { timeout: 300_000 },
  () => {
    expect(code.trim().split('\n').length).toBeLessThanOrEqual(50);
    writeFileSync(join(folder, 'src/index.ts'), code);
    writeFileSync(join(folder, 'src/conformance.test.ts'), suite);
    for (const file of ['kernels.ts', 'relu.ts']) rmSync(join(folder, 'src', file));
    const { report, output } = runSuite();
    expect(report.success, output).toBe(true);
    expect(report.numTotalTests).toBeGreaterThan(1000);
    expect(report.numPassedTests).toBe(report.numTotalTests);
  },
);
