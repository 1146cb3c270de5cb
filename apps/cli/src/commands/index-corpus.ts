/** `attn index`: puts texts into a corpus, or works on those that others have put there. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Corpus, CorpusCounts, CorpusProgress, IndexReport, ReadFilesOptions } from '@attn/corpus';
import { badArgument, flag, integer, isSet, STDIN_WORD, text, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { loadCorpus, openStore, readStore, STORE_OPTION } from '../corpus.ts';
import { SOURCE_OPTIONS } from '../model.ts';
import { withSite, WORKERS_OPTION } from '../site.ts';
import { count, duration } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';

/** The command. */
export const index: Command = {
  name: 'index',
  argument: '...paths',
  summary: 'Index files, folders or lines for search, or work on what others index (attn index worker)',
  options: [
    STORE_OPTION,
    ...SOURCE_OPTIONS,
    ['--glob <globs>', 'Only files of folders that fit, with commas between them: **/*.md,**/*.txt'],
    ['--ignore <globs>', 'No files and folders that fit: drafts/**'],
    ['--format <name>', 'text, markdown, html or jsonl (default: by the extension)'],
    ['--watch', 'Go on with each change of the files, until Ctrl-C'],
    ['--no-work', 'Only put documents into the queue: workers do the rest'],
    ['--until-done', 'Of a worker: end when no document is pending'],
    ['--passage-length <count>', 'For a new store: most characters of a passage (default: 1000)'],
    ['--dimensions <count>', 'For a new store: keep so many dimensions of each vector'],
    [
      '--language <name>',
      'For a new store: the language of its words, as PostgreSQL names it (default: english)',
    ],
    WORKERS_OPTION,
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'index ./notes --store ./store --model sentence-transformers/all-MiniLM-L6-v2',
    'index worker --store postgres://user@host/corpus',
    'index lines.jsonl --store ./store --watch',
  ],
  run: runIndex,
};

const FORMATS = ['text', 'markdown', 'html', 'jsonl'] as const;

async function runIndex(options: Options, context: Context): Promise<void> {
  // Everything cheap is checked before anything is opened.
  const store = readStore(options);
  const paths = readPaths(options);
  const isWorker = paths.length === 1 && paths[0] === 'worker';
  const backend = readBackend(options);
  const isWatching = isSet(options, 'watch');
  refuseOthers(options, { isWorker });
  if (isWorker && !/^postgres(ql)?:/.test(store)) {
    throw badArgument(`a worker needs a store that processes share, postgres://…, got ${store}`);
  }
  if (isWatching && paths.includes('-')) throw badArgument('--watch is for files and folders, got -');
  const reading = readReading(options, context);
  const settings = {
    passageLength: integer(options, 'passageLength', { least: 50, most: 20_000 }),
    dimensions: integer(options, 'dimensions', { most: 4_000 }),
    language: text(options, 'language'),
  };
  const { checkPaths } = await loadCorpus();
  if (!isWorker) await checkPaths(paths);

  await withSite(options, context, async ({ loading }) => {
    const mustExist = isWorker;
    await using corpus = await openStore(options, context, { loading, backend, mustExist, ...settings });
    // Each way is awaited here: at the end of this block the corpus is disposed.
    if (isWorker) await work(corpus, options, context);
    else if (isWatching)
      await watch(paths, () => indexOnce(corpus, paths, reading, options, context), context);
    else refuseFailed(await indexOnce(corpus, paths, reading, options, context));
  });
}

function refuseFailed({ failed, documents }: CorpusCounts): void {
  if (failed === 0) return;
  const message = `${count(failed)} of ${count(documents)} documents could not be indexed`;
  throw new AttnError('RUN_FAILED', 'cli', message);
}

/** The words after the command. */
function readPaths(options: Options): readonly string[] {
  const words = options['...paths'];
  const paths = Array.isArray(words) ? words.map((word) => (word === STDIN_WORD ? '-' : String(word))) : [];
  if (paths.length > 0) return paths;
  throw new AttnError(
    'MISSING_INPUT',
    'cli',
    'index needs files, folders or - for standard input; or worker',
  );
}

function refuseOthers(options: Options, { isWorker }: { readonly isWorker: boolean }): void {
  const strangers = isWorker
    ? ['glob', 'ignore', 'format', 'watch', 'passageLength', 'dimensions', 'language']
    : ['untilDone'];
  const stranger = strangers.find((name) => options[name] !== undefined);
  if (stranger === undefined) return;
  throw badArgument(`${flag(stranger)} is ${isWorker ? 'not for a worker' : 'for a worker'}`);
}

function readReading(options: Options, { signal, progress, warn }: Context): ReadFilesOptions {
  const word = text(options, 'format');
  const format = FORMATS.find((name) => name === word);
  if (word !== undefined && format === undefined) {
    throw badArgument(`--format must be ${FORMATS.join(' or ')}, got ${show(word)}`);
  }
  const globs = (name: string): readonly string[] | undefined =>
    text(options, name)
      ?.split(',')
      .map((glob) => glob.trim());
  const onWarning = (message: string): void => {
    progress.clear();
    warn(message);
  };
  return { glob: globs('glob'), ignore: globs('ignore'), format, signal, onWarning };
}

async function indexOnce(
  corpus: Corpus,
  paths: readonly string[],
  reading: ReadFilesOptions,
  options: Options,
  context: Context,
): Promise<CorpusCounts> {
  const { readFiles, corpusPath } = await loadCorpus();
  const report = await corpus.index(readFiles(paths, reading), {
    roots: paths.map(corpusPath),
    work: options.work !== false,
    signal: context.signal,
    onProgress: (progress) => showProgress(progress, context),
  });
  const status = await corpus.status();
  context.progress.clear();
  for (const { path, error } of report.failed) context.warn(`${path}: ${error}`);
  const { failed: failedDocuments, ...counts } = status;
  context.printJson({ ...report, ...counts, failedDocuments });
  context.print(reportText(report, status.pending));
  return status;
}

function reportText({ added, changed, unchanged, removed, ms }: IndexReport, pending: number): string {
  const counts = { added, changed, unchanged, removed, ...(pending > 0 && { pending }) };
  return fields([
    ...Object.entries(counts).map(([name, value]) => [name, count(value)] as const),
    ['time', duration(ms)],
  ]);
}

/** Shows how far the store has come, by all workers. */
function showProgress(
  { documents, done, failed, rate, remainingMs }: CorpusProgress,
  { progress }: Context,
): void {
  const parts = [`${count(done)} of ${count(documents)} documents`];
  if (failed > 0) parts.push(`${count(failed)} failed`);
  if (rate !== undefined) parts.push(`${count(Math.round(rate * 60))} a minute`);
  if (remainingMs !== undefined && remainingMs > 0) parts.push(`${duration(remainingMs)} left`);
  progress.update(parts.join(', '), documents === 0 ? undefined : done / documents);
}

/** Works until Ctrl-C. */
async function work(corpus: Corpus, options: Options, context: Context): Promise<void> {
  const { signal } = context;
  const untilDone = isSet(options, 'untilDone');
  await corpus.work({ untilDone, signal, onProgress: (progress) => showProgress(progress, context) });
  const status = await corpus.status();
  context.progress.clear();
  context.printJson(status);
  context.print(fields(Object.entries(status).map(([name, value]) => [name, count(value)] as const)));
}

/** Indexes now and again with each change, until Ctrl-C. Documents that fail do not end it. */
async function watch(
  paths: readonly string[],
  indexAgain: () => Promise<unknown>,
  context: Context,
): Promise<void> {
  const { watchFiles } = await loadCorpus();
  const changes = watchFiles(paths, { signal: context.signal });
  let change = changes.next(); // from here on: also what changes while the first time takes
  await indexAgain();
  context.print('watching; Ctrl-C ends it');
  for (; !(await change).done; await indexAgain()) change = changes.next();
}
