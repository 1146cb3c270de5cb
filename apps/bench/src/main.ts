/**
 * `npm run bench -- [suite…] [--rounds N] [--quick] [--base REVISION]
 * [--json FILE] …`: runs suites and prints their tables.
 */
import { writeFileSync } from 'node:fs';
import { cac } from 'cac';
import { carry } from './gpu/carry.ts';
import { writePage } from './page.ts';
import { writePlots } from './plots.ts';
import { conditions, toMarkdown } from './report.ts';
import { storedTables } from './stored.ts';
import type { Suite, SuiteOptions, Table } from './suite.ts';
import { againstBase } from './suites/base.ts';
import { ceilingsSuite } from './suites/ceilings.ts';
import { causalSuite } from './suites/causal.ts';
import { checkpointsSuite } from './suites/checkpoints.ts';
import { corpusSuite } from './suites/corpus.ts';
import { cpuSuite } from './suites/cpu.ts';
import { denseSuite } from './suites/dense.ts';
import { encodersSuite } from './suites/encoders.ts';
import { latencySuite } from './suites/latency.ts';
import { layerSuite } from './suites/layer.ts';
import { linearSuite } from './suites/linear.ts';
import { loadingSuite } from './suites/loading.ts';
import { lshQualitySuite } from './suites/lsh-quality.ts';
import { generateSuite } from './suites/generate.ts';
import { growthSuite } from './suites/growth.ts';
import { linformerSuite } from './suites/linformer.ts';
import { lshSuite } from './suites/lsh.ts';
import { modelsSuite } from './suites/models.ts';
import { onnxSuite } from './suites/onnx.ts';
import { sharesSuite } from './suites/shares.ts';
import { planSuite } from './suites/plan.ts';
import { pytorchSuite } from './suites/pytorch.ts';
import { quantizedSuite } from './suites/quantized.ts';
import { regretSuite } from './suites/regret.ts';
import { serveSuite } from './suites/serve.ts';
import { workersSuite } from './suites/workers.ts';
import { shapesSuite } from './suites/shapes.ts';
import { startSuite } from './suites/start.ts';
import { tasksSuite } from './suites/tasks.ts';
import { tokenizersSuite } from './suites/tokenizers.ts';
import { webgpuSuite } from './suites/webgpu.ts';
import { windowSuite } from './suites/window.ts';

/** All suites, one line each. */
const suites: readonly Suite[] = [
  ceilingsSuite,
  startSuite,
  planSuite,
  cpuSuite,
  latencySuite,
  shapesSuite,
  linearSuite,
  layerSuite,
  denseSuite,
  windowSuite,
  growthSuite,
  onnxSuite,
  sharesSuite,
  pytorchSuite,
  lshSuite,
  linformerSuite,
  lshQualitySuite,
  modelsSuite,
  checkpointsSuite,
  encodersSuite,
  tokenizersSuite,
  tasksSuite,
  generateSuite,
  causalSuite,
  serveSuite,
  corpusSuite,
  workersSuite,
  webgpuSuite,
  quantizedSuite,
  loadingSuite,
  regretSuite,
];

interface Flags {
  readonly rounds: number | string;
  readonly json?: string;
  readonly markdown?: string;
  readonly quick?: boolean;
  readonly only?: string;
  readonly threads?: number | string;
  readonly clients?: number | string;
  readonly seconds?: number | string;
  readonly svg?: string;
  readonly base?: string;
  readonly from?: string;
  readonly page?: string;
  readonly carry?: string;
}

async function bench(names: readonly string[], flags: Flags): Promise<void> {
  if (flags.carry !== undefined) return carry(flags.carry);
  if (flags.from !== undefined) return show(storedTables(flags.from), flags);
  const rounds = positive('rounds', flags.rounds);
  const [threads, clients, seconds] = (['threads', 'clients', 'seconds'] as const).map((name) => {
    const flag = flags[name];
    return flag === undefined ? undefined : positive(name, flag);
  });
  const unknown = names.find((name) => !suites.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    throw new TypeError(
      `unknown suite ${unknown}; known are ${suites.map((suite) => suite.name).join(', ')}`,
    );
  }
  const chosen = suites.filter((suite) => names.length === 0 || names.includes(suite.name));
  const options: SuiteOptions = {
    rounds,
    quick: flags.quick ?? false,
    only: flags.only,
    threads,
    clients,
    seconds,
    log: (message) => console.error(message),
  };
  const tables: Table[] = [];
  if (flags.base === undefined) for (const suite of chosen) tables.push(...(await suite.run(options)));
  else tables.push(await againstBase(flags.base, options));
  const at = conditions();
  const markdown = toMarkdown(tables, at);
  process.stdout.write(markdown);
  if (flags.markdown !== undefined) writeFileSync(flags.markdown, markdown);
  await show(tables, flags);
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ at, tables }, null, 2)}\n`);
}

/** Draws tables, and writes them into a page. */
async function show(tables: readonly Table[], { svg, page }: Flags): Promise<void> {
  if (svg !== undefined) for (const file of await writePlots(tables, svg)) console.error(`wrote ${file}`);
  if (page !== undefined)
    for (const title of writePage(tables, page)) console.error(`wrote ${title} into ${page}`);
}

function positive(name: string, flag: number | string): number {
  const value = Number(flag);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(`--${name} must be a positive integer, got ${flag}`);
}

const cli = cac('npm run bench --');
cli
  .command(
    '[...suites]',
    `Measure: ${suites.map(({ name, describes }) => `${name} (${describes})`).join(', ')}`,
  )
  .option('--rounds <n>', 'Rounds of interleaved runs', { default: 5 })
  .option('--quick', 'Few and small sizes')
  .option('--only <text>', 'Of the regret suite: only graphs whose name contains this')
  .option(
    '--threads <n>',
    'Of the regret, shares, pytorch and generate suites: threads of the backends, for instance more than there are cores',
  )
  .option('--clients <n>', 'Of the serve suite: clients that ask at once (default: 500)')
  .option('--seconds <n>', 'Of the serve suite: how long they do (default: 60)')
  .option('--json <file>', 'Also write the tables as JSON')
  .option('--markdown <file>', 'Also write the tables as Markdown')
  .option('--svg <folder>', 'Also draw times over lengths, as SVG')
  .option(
    '--page <file>',
    'Also write the tables of times over lengths into this page, between their comments',
  )
  .option('--from <path>', 'Instead of measuring: take the tables of a JSON file, or of a folder of them')
  .option('--base <revision>', 'Instead of suites: compare with an older revision')
  .option(
    '--carry <folder>',
    'Instead of measuring: put the webgpu suite into a folder to be carried to a GPU',
  )
  .action(bench);
cli.help();

try {
  cli.parse(process.argv, { run: false });
  await cli.runMatchedCommand();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof TypeError || (error as Error).name === 'CACError' ? 2 : 1;
}
