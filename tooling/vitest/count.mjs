// Sums up the test reports of all packages in the one line that CI reads: `N passed, N failed` (`, N
// skipped`). Only reports count: a package with a test script but without a report has not been tested, which
// is a failure. So is a test file that could not be loaded, and a run without any test. Runs on Node ≥ 20,
// before any set-up.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const json = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** The folders of all packages under `root` that have a test script. */
function testedPackages(root) {
  return ['packages', 'apps', 'tooling']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .filter((folder) => json(join(folder, 'package.json')).scripts?.test !== undefined);
}

/** The counts over all packages under `root`, and a line for each failed test and each other problem. */
export function countTests(root) {
  const counts = { passed: 0, failed: 0, skipped: 0, problems: [] };
  for (const folder of testedPackages(root)) {
    const file = join(folder, 'reports/tests.json');
    if (!existsSync(file)) {
      counts.problems.push(`${folder}: no test report`);
      continue;
    }
    const report = json(file);
    const failedBefore = counts.failed;
    for (const { name, status, assertionResults } of report.testResults) {
      for (const test of assertionResults) {
        counts[test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped']++;
        if (test.status === 'failed') {
          counts.problems.push(`${name}: ${test.fullName}: ${test.failureMessages.join(' ').slice(0, 500)}`);
        }
      }
      if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
        counts.failed++;
        counts.problems.push(`${name}: the file as a whole failed`);
      }
    }
    if (!report.success && counts.failed === failedBefore) counts.problems.push(`${folder}: the run failed`);
  }
  if (counts.passed + counts.failed === 0) counts.problems.push('no test ran');
  return counts;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
  const { passed, failed, skipped, problems } = countTests(root);
  for (const problem of problems) console.error(problem);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed > 0 || problems.length > 0 ? 1 : 0;
}
