// Every root script starts here, so that one command is enough on a machine with only Node ≥ 20, npm and a
// clone: it gets Node 24 if the running Node is older, gets pnpm, installs from the lockfile, then runs the
// task. A stamp under node_modules remembers where they are, so that the next task starts at once. Set-up
// writes to stderr only: stdout belongs to the task (`npm run -s attn -- … --json | …`).
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUN, DENO, inRuntime, NODE, nodePackage } from './runtimes/versions.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, 'node_modules/.attn/toolchain.json');
const windows = process.platform === 'win32';
const modern = Number.parseInt(process.versions.node, 10) >= 24;
const text = (file) => readFileSync(join(root, file), 'utf8');

// The second pass runs inside npx. A variable says so, and names the user's folder: npx overwrites INIT_CWD.
const { ATTN_BOOTSTRAP: userCwd, ...env } = process.env;
const cwd = userCwd ?? env.INIT_CWD ?? process.cwd();
const [task, ...args] = process.argv.slice(2);

/** The command that runs now. */
let running;
/** The signal that ended all work. After it, no new command starts. */
let stoppedBy;

/** Ends the work: the running command gets the signal and finishes in its own way. */
function stop(signal) {
  stoppedBy = signal;
  running?.kill(signal);
}

/** Runs a command to its end and returns its exit code. Only the task itself may write to our stdout. */
async function run(command, commandArgs, options = {}) {
  if (stoppedBy) return 128 + constants.signals[stoppedBy];
  const child = spawn(command, commandArgs, { cwd: root, env, stdio: 'inherit', ...options });
  running = child;
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`[attn/tooling] ${command}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
}
const setUp = (command, commandArgs, options) =>
  run(command, commandArgs, { stdio: ['ignore', 2, 2], shell: windows, ...options });

/** Stops when npm ends: npm may be killed without a signal to us, while its shell lives on as our parent. */
function watchNpm() {
  if (env.npm_command === undefined || windows) return;
  const parent = process.ppid;
  const { stdout } = spawnSync('ps', ['-o', 'ppid=', '-p', String(parent)], { encoding: 'utf8' });
  const grandparent = Number.parseInt(stdout, 10);
  const isGone = (pid) => {
    try {
      return pid > 1 && !process.kill(pid, 0);
    } catch (error) {
      return error.code === 'ESRCH';
    }
  };
  const watch = setInterval(() => {
    if (process.ppid === parent && !isGone(grandparent)) return;
    clearInterval(watch);
    stop('SIGTERM');
  }, 250);
  watch.unref();
}

/** Finds Node 24 and pnpm: in the stamp, or by npx, which then runs this file again with both on its PATH. */
async function toolchain() {
  const pnpmSpec = JSON.parse(text('package.json')).packageManager;
  const key = `${pnpmSpec} node@${NODE}`;
  const stamp = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : undefined;
  if (stamp?.key === key && existsSync(stamp.node) && existsSync(stamp.bin)) return stamp;
  if (userCwd !== undefined && modern) {
    const pnpm = windows ? 'pnpm.cmd' : 'pnpm';
    const bin = env.PATH.split(delimiter).find((folder) => existsSync(join(folder, pnpm)));
    return { key, node: process.execPath, bin };
  }
  const nodeSpec = nodePackage(NODE);
  if (!modern && nodeSpec === undefined) {
    const machine = `${process.platform}-${process.arch}`;
    console.error(
      `[attn/tooling] expected Node ≥ 24 on ${machine}, got ${process.version}: please install it`,
    );
    process.exit(1);
  }
  const packages = ['-p', pnpmSpec, ...(modern ? [] : ['-p', nodeSpec])];
  const again = ['--', 'node', join(root, 'tooling/run.mjs'), task, ...args];
  const npx = ['--yes', '--prefer-offline', '--loglevel=error', ...packages, ...again];
  process.exit(await run('npx', npx, { env: { ...env, ATTN_BOOTSTRAP: cwd }, shell: windows }));
}

/** Installs exactly the packages of the lockfile, unless node_modules has them already. */
async function install(tools) {
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']) hash.update(text(file));
  const installed = hash.digest('hex');
  if (tools.installed === installed) return;
  const code = await setUp('pnpm', [
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
    '--reporter=append-only',
  ]);
  if (code !== 0) process.exit(code);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ ...tools, installed }));
}

const turbo = (tasks, ...more) => run('turbo', ['run', ...tasks, ...more], { shell: windows });
const node = (file, ...more) => run('node', [join(root, file), ...more]);

/**
 * Builds an app silently (errors go to stderr), then runs it in the user's folder with the user's arguments,
 * and returns its exit code. The app sees by a channel when this process ends, for whatever reason.
 */
async function app(name, entry) {
  const build = ['run', 'build', `--filter=${name}`, '--output-logs=errors-only'];
  if ((await setUp('turbo', build, { stdio: 'ignore' })) !== 0 && (await setUp('turbo', build)) !== 0)
    return 1;
  return run('node', [join(root, entry), ...args], { cwd, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
}

/** Runs the smoke test in a runtime from its npm package. */
const smoke = (runtime) =>
  run('npx', inRuntime(runtime, join(root, 'tooling/runtimes/smoke.mjs')), { shell: windows });

const tasks = {
  build: () => turbo(['build'], ...args),
  test: () => turbo(['test'], ...(env.CI ? ['--continue=dependencies-successful'] : []), ...args),
  check: async () => {
    env.ATTN_SUITE ??= 'whole'; // every test, also those that `test` leaves out or runs in part
    const codes = [
      await run('oxfmt', ['--check', '.'], { shell: windows }),
      await run('oxlint', ['--quiet', '.'], { shell: windows }),
      await node('tooling/lint/import-direction.mjs'),
      await node('tooling/lint/import-circles.mjs'),
      await node('tooling/lint/words.mjs'),
      await turbo(
        ['build', 'types', 'publint', 'attw', 'test'],
        '--continue=dependencies-successful',
        ...args,
      ),
    ];
    for (const runtime of [DENO, BUN]) codes.push(await smoke(runtime));
    codes.push(await node('tooling/runtimes/deno-webgpu.mjs'));
    codes.push(await tasks.installs(), await tasks['release-dry-run']());
    return codes.find((code) => code !== 0) ?? 0;
  },
  attn: () => app('@attn/cli', 'apps/cli/dist/main.js'),
  demo: () => app('@attn/cli', 'apps/cli/dist/demo.js'),
  playground: () => app('@attn/playground', 'apps/playground/src/serve.ts'),
  site: () => app('@attn/site...', 'apps/site/src/main.ts'),
  bench: () => app('@attn/bench', 'apps/bench/dist/main.js'),
  quality: () => app('@attn/bench', 'apps/bench/dist/quality/main.js'),
  support: () => app('@attn/tooling-trials', 'tooling/trials/support/main.mjs'),
  soak: () => app('@attn/tooling-trials', 'tooling/trials/soak/main.mjs'),
  'verify-hub': () => app('@attn/tooling-verify-hub', 'tooling/verify-hub/src/main.ts'),
  new: () => node('tooling/new/src/main.ts', ...args),
  sizes: () => app('@attn/tooling-packages', 'tooling/packages/sizes/table.mjs'),
  installs: () => app('@attn/tooling-packages', 'tooling/packages/installs/main.mjs'),
  'release-dry-run': () => app('@attn/tooling-packages', 'tooling/packages/release/dry-run.mjs'),
  format: () => run('oxfmt', args.length ? args : ['.'], { shell: windows }),
  pnpm: () => run('pnpm', args, { shell: windows }),
  changeset: () => run('changeset', args, { shell: windows }),
};

if (!Object.hasOwn(tasks, task ?? '')) {
  console.error(`[attn/tooling] expected one of ${Object.keys(tasks).join(', ')}, got ${task ?? 'nothing'}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
watchNpm();
const tools = await toolchain();
env.PATH = [dirname(tools.node), join(root, 'node_modules/.bin'), tools.bin, env.PATH].join(delimiter);
// Tests start hundreds of processes that load the same modules: what V8 compiled of them is kept.
if (['test', 'check'].includes(task)) env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.attn/compiled');
env.TURBO_TELEMETRY_DISABLED = env.TURBO_NO_UPDATE_NOTIFIER = env.DO_NOT_TRACK = '1';
if (task !== 'pnpm') await install(tools);
process.exitCode = await tasks[task]();
