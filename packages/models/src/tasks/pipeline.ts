/** Pipelines: a task of a model as one function, from inputs in a person's terms to answers. */
import { AttnError } from '@attn/core';
import { show, withCallbacks } from '@attn/core/backend';
import { checkTextRun, type Checked } from '../encode/options.ts';
import { runnableOf, type LoadedModel } from '../loaded-model.ts';
import { groupsOf } from './groups.ts';
import {
  TASK_NAMES,
  TASKS,
  taskNamed,
  type TaskAliases,
  type TaskName,
  type TaskOf,
  type Tasks,
} from './names.ts';
import { settleGroup, type Settled } from '../encode/settle.ts';
import type { TaskOptions } from './task-options.ts';
import type { Task } from './task.ts';

/** What every pipeline has beside its call. */
export interface PipelineMembers<N extends TaskName> {
  /** The name of its task. */
  readonly task: N;
  /** Its model. */
  readonly model: LoadedModel;
  /**
   * Answers any number of inputs, one answer for each, in their order, in constant memory: inputs are taken
   * as they are needed, and run together in groups. Each answer is what the pipeline returns for that input
   * alone. It ends with the first input that is wrong; `settle` goes on.
   *
   * @example
   * for await (const labels of classify.stream(lines)) console.log(labels[0].label);
   */
  stream(
    inputs: Iterable<Tasks[N]['input']> | AsyncIterable<Tasks[N]['input']>,
    options?: Tasks[N]['options'],
  ): AsyncGenerator<Tasks[N]['answer'], void, undefined>;
  /**
   * Answers any number of inputs as `stream` does, and goes on where one is wrong: what it yields has the
   * `input` and its `answer`, or the `error` that says what is wrong. An `AttnError` in place of an input,
   * of a source that could not read it, is its own error.
   *
   * @example
   * for await (const { input, answer, error } of classify.settle(lines))
   *   console.log(error === undefined ? answer[0].label : `${input}: ${error.sentence}`);
   */
  settle(
    inputs: Iterable<Tasks[N]['input'] | AttnError> | AsyncIterable<Tasks[N]['input'] | AttnError>,
    options?: Tasks[N]['options'],
  ): AsyncGenerator<Settled<Tasks[N]['input'] | AttnError, Tasks[N]['answer']>, void, undefined>;
  /** Releases what the pipeline has loaded: the model and its backends, unless they are the caller's. */
  dispose(): Promise<void>;
  /** Calls `dispose()`; `await using` calls it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A pipeline of a task. */
export type Pipeline<N extends TaskName> = Tasks[N]['call'] & PipelineMembers<N>;

/** The name of a task, or one of transformers.js' other names for it. */
export type PipelineName = TaskName | keyof TaskAliases;

const WHERE = 'models/pipeline';

/** The task of a name. Errors: `INVALID_ARGUMENT`. */
export function checkTaskName(name: unknown): TaskName {
  const task = taskNamed(name);
  if (task !== undefined) return task;
  throw new AttnError(
    'INVALID_ARGUMENT',
    WHERE,
    `task must be one of ${TASK_NAMES.join(', ')}, got ${show(name)}`,
  );
}

/** Makes the pipeline of a task for a model. Errors: `UNSUPPORTED`, `MALFORMED_FILE`, `MISSING_INPUT`. */
export async function pipelineFor<N extends PipelineName>(
  name: N,
  model: LoadedModel,
  dispose: () => Promise<void>,
): Promise<Pipeline<TaskOf<N>>> {
  const taskName = checkTaskName(name);
  const task = (await TASKS[taskName]()) as Task<unknown, TaskOptions, unknown, object>;
  const where = `models/${taskName}`;
  const runner = task.open(runnableOf(model), where);

  const check = (options: TaskOptions = {}): Checked<TaskOptions> =>
    checkTextRun(where, model.network, options, runner.kinds);

  const run = (inputs: readonly unknown[], checked: Checked<TaskOptions>): Promise<readonly unknown[]> => {
    const { onProgress, onWarning, signal } = checked;
    return withCallbacks({ onProgress, onWarning }, signal, (callbacks, stop) =>
      runner.run(inputs, { ...checked, ...callbacks, signal: stop }),
    );
  };

  const answer = async (
    inputs: readonly unknown[],
    options?: TaskOptions,
    first = 0,
  ): Promise<readonly unknown[]> => {
    const checked = check(options);
    const isSingle = inputs.length === 1 && first === 0;
    const read = (input: unknown, i: number): unknown =>
      runner.read(input, isSingle ? 'the input' : `input ${first + i}`);
    return run(inputs.map(read), checked);
  };

  async function* stream(
    inputs: Iterable<unknown> | AsyncIterable<unknown>,
    options?: TaskOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    let first = 0;
    for await (const group of groupsOf(inputs)) {
      yield* await answer(group, options, first);
      first += group.length;
    }
  }

  async function* settle(
    inputs: Iterable<unknown> | AsyncIterable<unknown>,
    options?: TaskOptions,
  ): AsyncGenerator<Settled<unknown, unknown>, void, undefined> {
    const checked = check(options);
    const read = (input: unknown): unknown => runner.read(input, 'the input');
    const answering = { read, run: (group: readonly unknown[]) => run(group, checked) };
    for await (const group of groupsOf(inputs)) yield* await settleGroup(group, answering);
  }

  const members = { task: taskName, model, stream, settle, dispose, [Symbol.asyncDispose]: dispose };
  return Object.assign(task.call(answer), members) as unknown as Pipeline<TaskOf<N>>;
}
