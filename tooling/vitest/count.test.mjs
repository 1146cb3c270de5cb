// CI trusts one line: it must not say more than what ran.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countTests } from './count.mjs';

let root;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'attn-count-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function plant(name, report) {
  const folder = join(root, 'packages', name);
  mkdirSync(join(folder, 'reports'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { test: 'vitest run' } }));
  if (report) writeFileSync(join(folder, 'reports/tests.json'), JSON.stringify(report));
}
const file = (...statuses) => ({
  name: 'x.test.ts',
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({
    fullName: 'it works',
    status,
    failureMessages: ['it does not'],
  })),
});

test('counts are summed over packages, and what did not run is named', () => {
  plant('a', { success: true, testResults: [file('passed', 'passed'), file('pending', 'todo')] });
  plant('b', { success: false, testResults: [file('passed', 'failed')] });
  expect(countTests(root)).toEqual({
    passed: 3,
    failed: 1,
    skipped: 2,
    problems: ['x.test.ts: it works: it does not'],
  });
});

test('a missing report is a problem', () => {
  plant('a', { success: true, testResults: [file('passed')] });
  plant('b');
  expect(countTests(root).problems).toEqual([expect.stringContaining('no test report')]);
});

test('a file that could not be loaded counts as a failure', () => {
  plant('a', {
    success: false,
    testResults: [{ name: 'x.test.ts', status: 'failed', assertionResults: [] }],
  });
  expect(countTests(root)).toMatchObject({
    passed: 0,
    failed: 1,
    problems: [expect.stringContaining('x.test.ts')],
  });
});

test('an error outside of any test is a problem', () => {
  plant('a', { success: false, testResults: [file('passed')] });
  expect(countTests(root).problems).toEqual([expect.stringContaining('the run failed')]);
});

test('no test at all is a problem', () => {
  plant('a', { success: true, testResults: [] });
  expect(countTests(root).problems).toEqual(['no test ran']);
});
