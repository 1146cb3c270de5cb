// `npm run soak [-- --minutes 10]`: random graphs on all backends at once, while worker threads end, GPU
// devices are lost and callers abort. It expects right answers, no hang and flat memory. The figures go to
// stdout and, with --write, into docs/reliability.md.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';
import { cac } from 'cac';
import { markdownTable } from 'markdown-table';

const PAGE = join(import.meta.dirname, '../../../docs/internals/reliability.md');
const FIGURES = /(?<=<!-- soak -->\n\n)[^]*?(?=\n\n<!-- \/soak -->)/;

/** MiB by which the last third of a run may use more than the second, as the contents of caches vary. */
const FLAT = 32;
/** MiB for resident memory, whose allocators keep freed memory for a while. */
const RESIDENT_FLAT = 128;

/** Heaps of glibc's allocator. */
const ARENAS = '2';

function toMarkdown({ calls, faults, fallbacks, wrong, longest, growth, samples }, minutes, seed) {
  const rows = Object.entries(calls).map(([name, { right, aborted, explained, unsupported }]) => [
    name,
    right,
    aborted,
    explained,
    unsupported,
  ]);
  const total = (index) => rows.reduce((sum, row) => sum + row[index], 0);
  const header = [
    'calls that named',
    'right',
    'aborted by the caller',
    'failed by a fault, with its code',
    'unsupported',
  ];
  const table = markdownTable(
    [header, ...rows, ['all', ...[1, 2, 3, 4].map(total)]].map((row) => row.map(String)),
    {
      align: ['l', 'r', 'r', 'r', 'r'],
    },
  );
  const last = samples.at(-1) ?? { used: 0, resident: 0 };
  const facts = [
    ['wrong answers, unexplained errors, hangs', wrong.length],
    ...Object.entries(faults).map(([name, count]) => [`faults: ${name}`, count]),
    ['calls that fell back to another backend', fallbacks],
    ['the longest call', `${(longest / 1000).toFixed(1)} s`],
    [
      'memory in use at the end, and its growth over the last third',
      `${last.used.toFixed(0)} MiB, ${growth.used.toFixed(1)} MiB`,
    ],
    ['resident memory, the same', `${last.resident.toFixed(0)} MiB, ${growth.resident.toFixed(1)} MiB`],
  ];
  const machine = `${process.platform}-${process.arch}, ${availableParallelism()} cores, Node ${process.versions.node}`;
  return [
    `${minutes} minutes, seed ${seed}; ${machine}, ${new Date().toISOString().slice(0, 10)}.`,
    table,
    markdownTable([['', ''], ...facts.map((row) => row.map(String))], { align: ['l', 'r'] }),
  ].join('\n\n');
}

async function run({ minutes, seed, write }) {
  for (const [name, value] of Object.entries({ minutes, seed }))
    if (!(Number(value) > 0)) throw new TypeError(`--${name} must be a positive number, got ${value}`);
  const { soak } = await import('./soak.mjs');
  const log = (text) => console.error(text);
  const figures = await soak({
    seconds: minutes * 60,
    seed: Number(seed),
    log,
  });
  const text = toMarkdown(figures, minutes, seed);
  console.log(text);
  for (const key of ['used', 'resident'])
    log(`${key} MiB over time: ${figures.samples.map((sample) => sample[key].toFixed(0)).join(' ')}`);
  if (write)
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(FIGURES, () => text),
    );
  const problems = [...figures.wrong];
  if (figures.growth.used > FLAT)
    problems.push(`memory in use grew by ${figures.growth.used.toFixed(1)} MiB`);
  if (figures.growth.resident > RESIDENT_FLAT)
    problems.push(`resident memory grew by ${figures.growth.resident.toFixed(1)} MiB`);
  for (const problem of problems) console.error(problem);
  process.exit(problems.length === 0 ? 0 : 1);
}

const cli = cac('npm run soak --');
cli
  .command('', 'Random work on all backends at once, while things break')
  .option('--minutes <n>', 'How long', { default: 10 })
  .option('--seed <n>', 'Of the random work', { default: 1 })
  .option('--write', 'Put the figures into docs/internals/reliability.md')
  .action(run);
cli.help();

/**
 * Starts this program again with what a process must have from its start: the software GPU, and few heaps of
 * glibc's allocator. A heap for each of the many short-lived threads here would look like a leak.
 */
async function again() {
  if (process.env.MALLOC_ARENA_MAX === ARENAS) return false;
  await useSoftwareVulkan();
  const env = { ...process.env, MALLOC_ARENA_MAX: ARENAS };
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal) console.error(`the process was ended by ${signal}`);
    process.exit(code ?? 1);
  });
  return true;
}

try {
  cli.parse(process.argv, { run: false });
  if (!(await again())) await cli.runMatchedCommand();
} catch (error) {
  console.error(error.message);
  process.exitCode = error instanceof TypeError || error.name === 'CACError' ? 2 : 1;
}
