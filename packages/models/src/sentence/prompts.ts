/** The text that stands before a text: chosen by its name, or by what the text is for. */
import { AttnError } from '@attn/core';
import { show, unknownName } from '@attn/core/backend';
import type { CheckedInput } from '../encode/inputs.ts';
import { knownTask } from '../inputs/task.ts';
import type { Model } from '../model.ts';

/** What a text is for. */
export type TextRole = 'query' | 'document';

/** Prompts of a model, by their names. */
export interface Prompts {
  readonly byName: ReadonlyMap<string, string>;
  /** The name of the prompt that stands before every text where the caller names none. */
  readonly defaultName: string | undefined;
}

/** Which prompt a caller wants. */
export interface PromptChoice {
  /**
   * A text that is put before every text. An empty one is none, also where the model has a prompt of its own.
   */
  readonly prompt?: string | undefined;
  /** The name of one of the model's prompts. */
  readonly promptName?: string | undefined;
  /**
   * What the texts are for: the prompt is then the model's own of the name `query`, or the first that it has
   * of `document`, `passage` and `corpus`; none where it has none. Its default prompt does not count. In a
   * model with adapters, it also chooses the task.
   */
  readonly as?: TextRole | undefined;
}

/** Which task a caller wants. */
export interface TaskChoice extends Pick<PromptChoice, 'as'> {
  readonly task?: string | undefined;
}

const NAMES: Readonly<Record<TextRole, readonly string[]>> = {
  query: ['query'],
  document: ['document', 'passage', 'corpus'],
};

/** The tasks that are what texts are for. */
const ROLE_TASKS: Readonly<Record<TextRole, string>> = {
  query: 'retrieval.query',
  document: 'retrieval.passage',
};

/** The task of a call: the caller's own, or what texts are for. Errors: `INVALID_ARGUMENT`. */
export function chooseTask(
  where: string,
  model: Pick<Model, 'architecture' | 'tasks'>,
  { task, as }: TaskChoice,
): string | undefined {
  if (task !== undefined) return knownTask(where, model, task);
  return as !== undefined && model.tasks?.has(ROLE_TASKS[as]) ? ROLE_TASKS[as] : undefined;
}

/**
 * The prompt before the texts of a call; empty where there is none. `tasks` are the model's own prompts of
 * its tasks. Errors: `INVALID_ARGUMENT`.
 */
export function choosePrompt(
  where: string,
  prompts: Prompts | undefined,
  { prompt, promptName, as, task }: PromptChoice & TaskChoice,
  tasks?: ReadonlyMap<string, string>,
): string {
  if (prompt !== undefined) return prompt;
  const byName = prompts?.byName ?? new Map<string, string>();
  if (promptName !== undefined) {
    const text = byName.get(promptName);
    if (text !== undefined) return text;
    const message =
      byName.size === 0
        ? `the model has no prompts, got promptName ${show(promptName)}`
        : unknownName('prompt', promptName, [...byName.keys()]);
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const ofTask = task === undefined ? undefined : (byName.get(task) ?? tasks?.get(task));
  const byDefault = task === undefined ? prompts?.defaultName : undefined;
  const name = as === undefined ? byDefault : NAMES[as].find((each) => byName.has(each));
  return (name === undefined ? ofTask : byName.get(name)) ?? '';
}

/**
 * Puts a prompt before all texts. Tokens with another prompt are dropped, ids are as they are. Errors:
 * `INVALID_ARGUMENT` for ids where the caller asked for the prompt.
 */
export function withPrompt(
  where: string,
  inputs: readonly CheckedInput[],
  prompt: string,
  { prompt: own, promptName }: PromptChoice,
): readonly CheckedInput[] {
  return inputs.map((input, i) => {
    if ('text' in input) {
      const tokens = input.prompt === prompt ? input.tokens : undefined;
      return { ...input, text: prompt + input.text, tokens };
    }
    if (prompt === '') return input;
    if (own === undefined && promptName === undefined) return input;
    const message = `a prompt is for texts, got ids as input ${i}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  });
}
