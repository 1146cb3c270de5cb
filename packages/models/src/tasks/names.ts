/** The tasks by their names, which are those of transformers.js. The code of a task is loaded with it. */
import type { ClassifyTexts, LabelScore, TextClassificationOptions } from './text-classification.ts';
import type { Task } from './task.ts';
import type {
  ClassifyTokens,
  Entity,
  TokenClassificationOptions,
  TokenText,
} from './token-classification/index.ts';
import type { TextPair } from './text-input.ts';

/** What a pipeline of each task takes, returns, and is called like. */
export interface Tasks {
  'text-classification': {
    readonly input: string | TextPair;
    readonly options: TextClassificationOptions;
    readonly answer: readonly LabelScore[];
    readonly call: ClassifyTexts;
  };
  'token-classification': {
    readonly input: TokenText;
    readonly options: TokenClassificationOptions;
    readonly answer: readonly Entity[];
    readonly call: ClassifyTokens;
  };
}

/** The name of a task. */
export type TaskName = keyof Tasks;

/** Other names of tasks, as transformers.js has them. */
export interface TaskAliases {
  'sentiment-analysis': 'text-classification';
  ner: 'token-classification';
}

/** The task of a name. */
export type TaskOf<N extends TaskName | keyof TaskAliases> = N extends TaskName
  ? N
  : N extends keyof TaskAliases
    ? TaskAliases[N]
    : never;

/** A task, whatever its runner makes of inputs between reading them and running them. */
type AnyTask<N extends TaskName> = Task<
  // oxlint-disable-next-line typescript/no-explicit-any -- each runner reads what it runs
  any,
  Tasks[N]['options'],
  Tasks[N]['answer'],
  Tasks[N]['call']
>;

type OpenTasks = { readonly [N in TaskName]: () => Promise<AnyTask<N>> };

/** Loads the code of a task. */
export const TASKS: OpenTasks = {
  'text-classification': async () => (await import('./text-classification.ts')).textClassification,
  'token-classification': async () => (await import('./token-classification/index.ts')).tokenClassification,
};

const ALIASES: { readonly [A in keyof TaskAliases]: TaskAliases[A] } = {
  'sentiment-analysis': 'text-classification',
  ner: 'token-classification',
};

/** All names, those of transformers.js' aliases last. */
export const TASK_NAMES: readonly string[] = [...Object.keys(TASKS), ...Object.keys(ALIASES)];

/** The task of a name or an alias; undefined where there is none. */
export function taskNamed(name: unknown): TaskName | undefined {
  if (typeof name !== 'string') return undefined;
  if (Object.hasOwn(TASKS, name)) return name as TaskName;
  return Object.hasOwn(ALIASES, name) ? ALIASES[name as keyof TaskAliases] : undefined;
}
