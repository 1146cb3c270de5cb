// `npm run support`: the whole conformance suite on every backend and runtime of this machine, as a matrix on
// stdout and in docs/support.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';
import { cac } from 'cac';
import { folded, inOneLine, toMarkdown } from './matrix.mjs';
import { BACKEND_NAMES } from './run-suite.mjs';
import { cleanUp, RUNTIMES } from './runtimes.mjs';

const PAGE = join(import.meta.dirname, '../../../docs/internals/support.md');
const MATRIX = /(?<=<!-- support -->\n\n)[^]*?(?=\n\n<!-- \/support -->)/;

async function support({ backend, runtime, part, write }) {
  const of = Number(part);
  if (!Number.isInteger(of) || of < 1) throw new TypeError(`--part must be a positive integer, got ${part}`);
  const backends = BACKEND_NAMES.filter((name) => backend === undefined || name === backend);
  const titles = Object.keys(RUNTIMES).filter((title) => runtime === undefined || title.includes(runtime));
  if (backends.length === 0)
    throw new TypeError(`--backend must be one of ${BACKEND_NAMES.join(', ')}, got ${backend}`);
  if (titles.length === 0)
    throw new TypeError(
      `--runtime must be part of one of ${Object.keys(RUNTIMES).join('; ')}, got ${runtime}`,
    );
  await useSoftwareVulkan();
  const runs = [];
  for (const name of backends) {
    for (const title of titles) {
      const start = performance.now();
      const report = await RUNTIMES[title]({ backend: name, of });
      runs.push({ backend: name, runtime: title, report });
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      const failed = report.failures?.length ?? 0;
      const outcome =
        report.broken ?? report.unavailable ?? (failed === 0 ? 'no failure' : `${failed} failed`);
      console.error(`${name} on ${title}: ${outcome.split('\n')[0]} (${seconds} s)`);
    }
  }
  await cleanUp();
  const share = of === 1 ? 'The whole suite' : `One test of ${of} of the suite`;
  const machine = `${process.platform}-${process.arch}, ${availableParallelism()} cores, ${new Date().toISOString().slice(0, 10)}`;
  const matrix = `${inOneLine(runs)}\n\n${share}; ${machine}.\n\n${folded(toMarkdown(runs))}`;
  console.log(matrix);
  const isWhole = backend === undefined && runtime === undefined;
  if (write ?? isWhole)
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(MATRIX, () => matrix),
    );
  const isRight = ({ report }) => report.broken === undefined && (report.failures ?? []).length === 0;
  process.exitCode = runs.every(isRight) ? 0 : 1;
}

const cli = cac('npm run support --');
cli
  .command('', 'Run the conformance suite on every backend and runtime of this machine')
  .option('--backend <name>', `Only this one: ${BACKEND_NAMES.join(', ')}`)
  .option('--runtime <title>', `Only those whose title has this in it: ${Object.keys(RUNTIMES).join('; ')}`)
  .option('--part <n>', 'Only one test of n', { default: 1 })
  .option('--write', 'Write docs/internals/support.md; the default when nothing but --part is given')
  .action(support);
cli.help();

try {
  cli.parse(process.argv, { run: false });
  await cli.runMatchedCommand();
} catch (error) {
  console.error(error.message);
  process.exitCode = error instanceof TypeError || error.name === 'CACError' ? 2 : 1;
}
