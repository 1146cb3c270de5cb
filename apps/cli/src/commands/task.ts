/** `attn task`: a task of a model over lines of JSON or a text, one line of JSON for each. */
import { AttnError } from '@attn/core';
import { unknownName } from '@attn/core/backend';
import {
  pipeline,
  TASK_NAMES,
  type EncodeProgress,
  type PipelineName,
  type Settled,
} from '@attn/models/node';
import { badArgument, requiredText, text, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend, withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { highlightPage } from '../highlight/page.ts';
import { isHighlighted, sectionOf, type Section } from '../highlight/sections.ts';
import { checkInput } from '../lines.ts';
import { MODEL_OPTIONS, readLoading, readSource } from '../model.ts';
import { checkOutput, writeOutputFile } from '../output-file.ts';
import { count, duration } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { WEIGHT_OPTIONS } from '../weights.ts';
import { taskInputs } from './task-inputs.ts';
import { readTaskOptions } from './task-options.ts';

/** The command. */
export const task: Command = {
  name: 'task',
  argument: 'task',
  summary: 'Classify texts, answer questions, and do whatever else a model is for',
  options: [
    ...MODEL_OPTIONS,
    ...WEIGHT_OPTIONS,
    [
      '--input <file>',
      'Lines such as {"text"} (.jsonl, or - for standard input); any other file is one text',
    ],
    ['--output <file>', 'One line of JSON for each input (default: standard output)'],
    ['--options <json>', 'Options of the task, JSON or a file: {"top_k":3}, {"truncation":true}'],
    ['--html <file>', 'Also a page that shows entities or answers in their texts'],
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'task text-classification --model ./reviews --input lines.jsonl --output labels.jsonl --options \'{"top_k":2}\'',
    'task sentiment-analysis --model ./reviews --input moby-dick.txt',
  ],
  run: runTask,
};

/** What came of the inputs. */
interface Totals {
  lines: number;
  errors: number;
}

async function runTask(options: Options, context: Context): Promise<void> {
  // Everything cheap is checked before anything is read or computed.
  const name = readTask(options);
  const source = readSource(options);
  const input = requiredText(options, 'input', 'a file of lines or a text, or - for standard input');
  const backend = readBackend(options);
  const [output, html] = [text(options, 'output') ?? '-', text(options, 'html')];
  await checkOutputs(name, { output, html }, options, context);
  await checkInput(input);
  const taskOptions = await readTaskOptions(options);
  const { signal, progress, warn } = context;

  await withAttn(backend, context, async (attn) => {
    const start = performance.now();
    const doTask = await pipeline(name, source, readLoading(options, context, { attn }));
    const loaded = performance.now();
    const totals: Totals = { lines: 0, errors: 0 };
    const sections: Section[] = [];
    const onProgress = ({ done, total, unit }: EncodeProgress): void => {
      const what = unit === 'characters' ? 'tokenizing' : 'running';
      progress.update(`${count(totals.lines)} lines done; ${what}`, done / total);
    };
    const onWarning = (message: string): void => {
      progress.clear();
      warn(message);
    };
    const running = {
      ...taskOptions,
      ...(backend !== undefined && { backend }),
      signal,
      onProgress,
      onWarning,
    };

    async function* answers(): AsyncGenerator<string, void, undefined> {
      for await (const settled of doTask.settle(taskInputs(input, signal) as AsyncIterable<never>, running)) {
        totals.lines += 1;
        if (settled.error !== undefined) totals.errors += 1;
        if (html !== undefined) sections.push(sectionOf(doTask.task, settled, totals.lines, taskOptions));
        yield `${lineOf(settled)}\n`;
      }
    }

    try {
      progress.update('0 lines done');
      if (output === '-') for await (const line of answers()) await context.write(line);
      else await writeOutputFile(output, answers());
      if (html !== undefined) await writeOutputFile(html, highlightPage(`${name} of ${source}`, sections));
    } finally {
      await doTask.dispose();
    }
    progress.clear();
    refuseErrors(totals);
    if (output === '-') return;
    const { architecture } = doTask.model.network;
    const chosen = attn.explain().find((row) => row.chosen)?.backend ?? 'none';
    const [loadMs, ms] = [loaded - start, performance.now() - loaded];
    const { lines } = totals;
    context.printJson({ task: name, architecture, backend: chosen, lines, loadMs, ms, output, html });
    context.print(
      fields([
        ['model', architecture],
        ['backend', chosen],
        ['lines', count(lines)],
        ['time', `${duration(ms)}; loaded in ${duration(loadMs)}`],
        ['output', html === undefined ? output : `${output}, ${html}`],
      ]),
    );
  });
}

/** The task. Errors: `INVALID_ARGUMENT`. */
function readTask(options: Options): PipelineName {
  const name = String(options.task);
  if (TASK_NAMES.includes(name)) return name as PipelineName;
  throw badArgument(unknownName('task', name, TASK_NAMES));
}

/** Refuses outputs that cannot be written. Errors: `INVALID_ARGUMENT`, `FILE_NOT_FOUND`. */
async function checkOutputs(
  name: PipelineName,
  { output, html }: { readonly output: string; readonly html: string | undefined },
  options: Options,
  { json }: Context,
): Promise<void> {
  if (output === '-' && json)
    throw badArgument('--json needs --output: without it, the lines themselves go to standard output');
  if (output !== '-') await checkOutput('output', output, options, ['input']);
  if (html === undefined) return;
  if (!isHighlighted(name))
    throw badArgument(`--html is for token-classification and question-answering, got ${name}`);
  if (html === output) throw badArgument(`--html must not be the file of --output, got ${html}`);
  await checkOutput('html', html, options, ['input', 'output']);
}

/** A line of the output: an answer as the pipeline gives it, or what is wrong. */
function lineOf({ answer, error }: Settled<unknown, unknown>): string {
  return JSON.stringify(error === undefined ? answer : { error: error.sentence });
}

/** Ends with an error when inputs were wrong. */
function refuseErrors({ lines, errors }: Totals): void {
  if (errors === 0) return;
  const whose = errors === 1 ? 'its error is' : 'their errors are';
  const message = `${count(errors)} of ${count(lines)} inputs could not be answered; ${whose} in the output`;
  throw new AttnError('INVALID_ARGUMENT', 'cli', message);
}
