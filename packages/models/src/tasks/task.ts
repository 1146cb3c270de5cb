/** What a task is: from inputs in a person's terms (texts, questions) to answers (labels, spans). */
import type { OptionKinds } from '@attn/core/backend';
import type { Checked } from '../encode/options.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TaskOptions } from './task-options.ts';

/** A task of a model: it knows the model's labels and windows. */
export interface TaskRunner<Input, Options extends TaskOptions, Answer> {
  readonly kinds: OptionKinds<Options>;
  /**
   * Reads one input. `name` is what messages call it, such as `input 3`. Errors: `INVALID_ARGUMENT` with the
   * value and its place.
   */
  read(value: unknown, name: string): Input;
  /**
   * The answer to each input, in their order: what the pipeline's call returns for that input alone, which is
   * also what streams yield and the command line writes. `options` are checked, and their callbacks never
   * throw.
   */
  run(inputs: readonly Input[], options: Checked<Options>): Promise<readonly Answer[]>;
}

/** Answers inputs that are read and checked first, in the order in which they are given. */
export type AnswerAll<Options, Answer> = (
  inputs: readonly unknown[],
  options?: Options,
) => Promise<readonly Answer[]>;

/** A task, and how its pipeline is called. */
export interface Task<Input, Options extends TaskOptions, Answer, Call> {
  /** Prepares the task for a model. Errors: `UNSUPPORTED` for a model that cannot do it, `MALFORMED_FILE`. */
  open(runnable: RunnableModel, where: string): TaskRunner<Input, Options, Answer>;
  /** The function that users call, in the shape of transformers.js. */
  call(answer: AnswerAll<Options, Answer>): Call;
}
