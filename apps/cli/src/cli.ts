/**
 * The `attn` command line: finds the command, runs it, and turns an error into one sentence on stderr and
 * an exit code: 0 success, 2 the input was at fault, 130 interrupted, 1 anything else. With `--json` an
 * error is also one JSON object on stdout, `{"error": {"code", "message"}}`. `ATTN_DEBUG=1` adds the stack.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { AttnError } from '@attn/core';
import { unknownName } from '@attn/core/backend';
import { cac, type CAC } from 'cac';
import { badArgument, isSet, STDIN_WORD, type Options } from './args.ts';
import type { Command, Context } from './command.ts';
import type { Streams } from './terminal/streams.ts';
import { bench } from './commands/bench.ts';
import { cache } from './commands/cache.ts';
import { convert } from './commands/convert.ts';
import { demo } from './commands/demo.ts';
import { encode } from './commands/encode.ts';
import { explain } from './commands/explain.ts';
import { exportCommand } from './commands/export.ts';
import { generate } from './commands/generate.ts';
import { index } from './commands/index-corpus.ts';
import { makeCheckpoint } from './commands/make-checkpoint.ts';
import { plan } from './commands/plan.ts';
import { quantize } from './commands/quantize.ts';
import { probe } from './commands/probe.ts';
import { run } from './commands/run.ts';
import { search } from './commands/search.ts';
import { serve } from './commands/serve.ts';
import { task } from './commands/task.ts';
import { tokenize } from './commands/tokenize.ts';
import { inFlags } from './model.ts';
import { progressLine } from './terminal/progress.ts';

const COMMANDS: readonly Command[] = [
  run,
  encode,
  generate,
  task,
  serve,
  index,
  search,
  tokenize,
  plan,
  probe,
  explain,
  exportCommand,
  makeCheckpoint,
  convert,
  quantize,
  cache,
  bench,
  demo,
];

const INTERRUPTED = 130;

/** Signals within this time count as one request. */
const SAME_REQUEST_MS = 500;

const EXIT_CODES = {
  title: 'Exit codes',
  body:
    '  0 success   2 the input was at fault   130 interrupted   1 anything else\n' +
    '  Errors are one sentence on stderr; with --json also {"error":{"code","message"}} on stdout.\n' +
    '  ATTN_DEBUG=1 adds the stack.',
};

/** Runs the command line of this process (without node and script) to its end and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  let askedAt = Infinity;
  const onInterrupt = () => {
    // A second request ends the process at once. A single Ctrl-C may arrive
    // three times: from the terminal, from npm and from the script in between.
    if (performance.now() - askedAt > SAME_REQUEST_MS) process.exit(INTERRUPTED);
    askedAt = Math.min(askedAt, performance.now());
    interrupt.abort();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  process.on('disconnect', onInterrupt); // the parent process, which holds the channel, has ended
  process.channel?.unref();
  process.stdout.on('error', endOfOutput);
  try {
    return await runCommandLine(argv, process, interrupt.signal);
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
    process.off('disconnect', onInterrupt);
  }
}

/**
 * Runs one command line to its end and returns the exit code.
 * @param streams where it writes, but for help and version, which go to the console
 * @param signal interrupts it
 */
export async function runCommandLine(
  argv: readonly string[],
  streams: Streams,
  signal: AbortSignal,
): Promise<number> {
  try {
    await dispatch(argv, streams, signal);
    return 0;
  } catch (error) {
    const json = argv.includes('--json');
    if (signal.aborted) {
      report(new AttnError('ABORTED', 'cli', 'interrupted', { cause: error }), {
        json,
        stdout: streams.stdout,
        stderr: streams.stderr,
      });
      return INTERRUPTED;
    }
    report(error, { json, stdout: streams.stdout, stderr: streams.stderr });
    return error instanceof AttnError && error.isInputError ? 2 : 1;
  }
}

async function dispatch(argv: readonly string[], streams: Streams, signal: AbortSignal): Promise<void> {
  const cli = cac('attn');
  cli.help((sections) => [...sections, EXIT_CODES]).version(version(), '--version'); // not -v: `attn run` has an input of that name
  for (const command of COMMANDS) register(cli, command, streams, signal);
  checkNames(argv);
  try {
    cli.parse(['node', 'attn', ...withDashes(argv)], { run: false });
  } catch (cause) {
    throw readable(cause, undefined);
  }
  if (cli.options.help || (cli.options.version && cli.matchedCommand === undefined)) return; // already printed
  if (cli.matchedCommand === undefined) {
    if (cli.args.length > 0) {
      const names = COMMANDS.map(({ name }) => name);
      throw badArgument(unknownName('command', String(cli.args[0]), names));
    }
    const [stray] = argv;
    if (stray !== undefined) throw badArgument(`unknown option ${stray}; see attn --help`);
    cli.outputHelp();
    return;
  }
  const { matchedCommandName } = cli;
  try {
    await cli.runMatchedCommand();
  } catch (cause) {
    throw readable(cause, matchedCommandName);
  }
}

function register(cli: CAC, command: Command, { stdout, stderr }: Streams, signal: AbortSignal): void {
  const { argument } = command;
  const usage = argument === undefined ? command.name : `${command.name} <${argument}>`;
  const registered = cli.command(usage, command.summary).usage(`${usage} [options]`);
  for (const [flags, description] of command.options) registered.option(flags, description);
  registered.option('--json', 'Print one JSON object to stdout instead of text');
  for (const example of command.examples) registered.example(`  $ attn ${example}`);
  registered.action(async (...values: readonly unknown[]) => {
    const flags = values[values.length - 1] as Options;
    const options: Options = argument === undefined ? flags : { ...flags, [argument]: values[0] };
    const json = isSet(options, 'json');
    const context: Context = {
      json,
      signal,
      progress: progressLine({
        isShown: isSet(options, 'progress') || (!json && stderr.isTTY === true),
        stderr,
      }),
      warn: (sentence) => void stderr.write(`${sentence}\n`),
      print: (text) => void (json || stdout.write(`${text}\n`)),
      write: async (text) => void (stdout.write(text) || (await once(stdout, 'drain', { signal }))),
      printJson: (value) => void (json && stdout.write(`${JSON.stringify(value)}\n`)),
    };
    try {
      await command.run(options, context);
    } finally {
      context.progress.clear();
    }
  });
}

/**
 * Writes `--input -` as `--input=-`, and `-` by itself as a word: the parser takes what begins with a dash
 * for a flag.
 */
function withDashes(argv: readonly string[]): readonly string[] {
  const isValue = (i: number): boolean =>
    argv[i] === '-' && argv[i - 1]?.startsWith('--') && !argv[i - 1].includes('=');
  return argv.flatMap((argument, i) => {
    if (isValue(i)) return [];
    if (argument === '-') return [STDIN_WORD];
    return isValue(i + 1) ? [`${argument}=-`] : [argument];
  });
}

/** Refuses names that the parser would split (`--a.b`) or drop silently (`--__proto__`). */
function checkNames(argv: readonly string[]): void {
  for (const argument of argv) {
    const [name] = argument.split('=');
    if (name === '--') return;
    if (!name.startsWith('--')) continue;
    if (!/^--[A-Za-z][A-Za-z-]*$/.test(name) || ['--constructor', '--prototype'].includes(name)) {
      throw badArgument(`unknown option ${name}; see attn --help`);
    }
  }
}

/** Turns errors of the parser, and the engine's error for lack of memory, into `AttnError`s. */
function readable(cause: unknown, command: string | undefined): unknown {
  if (cause instanceof RangeError && /allocation|typed array length/.test(cause.message)) {
    return new AttnError('OUT_OF_MEMORY', 'cli', `not enough memory: ${cause.message}`, { cause });
  }
  if (!(cause instanceof Error) || cause.name !== 'CACError') return cause;
  const sentence = cause.message.replaceAll('`', '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
  return badArgument(`${sentence}; see attn ${command === undefined ? '' : `${command} `}--help`, { cause });
}

/** Writes an error to stderr, and with `json` also to stdout. */
function report(error: unknown, { json, stdout, stderr }: Streams & { readonly json: boolean }): void {
  const message = inFlags(error instanceof Error ? error.message : String(error));
  const code = error instanceof AttnError ? error.code : 'INTERNAL';
  if (json) stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
  const debug = !['', '0', undefined].includes(process.env.ATTN_DEBUG);
  stderr.write(`${debug && error instanceof Error ? error.stack : message}\n`);
}

/**
 * Handles an error of standard output: the end of `attn … | head` is
 * no error, but a full disk behind `>` is one.
 */
function endOfOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`[attn/cli] could not write to standard output: ${error.message}\n`);
  process.exit(1);
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return manifest.version;
}
