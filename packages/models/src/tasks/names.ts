/** The tasks by their names, which are those of transformers.js. The code of a task is loaded with it. */
import type { ExtractFeatures, FeatureExtractionOptions } from './feature-extraction.ts';
import type { Features } from './features.ts';
import type {
  CompareSentences,
  SentenceComparison,
  SentenceSimilarityOptions,
  SimilarityPair,
} from './sentence-similarity.ts';
import type { ClassifyTexts, LabelScore, TextClassificationOptions } from './text-classification.ts';
import type { Task } from './task.ts';
import type { TextPair } from './text-input.ts';

/** What a pipeline of each task takes, returns, and is called like. */
export interface Tasks {
  'text-classification': {
    readonly input: string | TextPair;
    readonly options: TextClassificationOptions;
    readonly answer: readonly LabelScore[];
    readonly call: ClassifyTexts;
  };
  'feature-extraction': {
    readonly input: string | TextPair;
    readonly options: FeatureExtractionOptions;
    readonly answer: Features;
    readonly call: ExtractFeatures;
  };
  'sentence-similarity': {
    readonly input: SentenceComparison | SimilarityPair;
    readonly options: SentenceSimilarityOptions;
    readonly answer: number | readonly number[];
    readonly call: CompareSentences;
  };
}

/** The name of a task. */
export type TaskName = keyof Tasks;

/** Other names of tasks, as transformers.js has them. */
export interface TaskAliases {
  'sentiment-analysis': 'text-classification';
  embeddings: 'feature-extraction';
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
  'feature-extraction': async () => (await import('./feature-extraction.ts')).featureExtraction,
  'sentence-similarity': async () => (await import('./sentence-similarity.ts')).sentenceSimilarity,
};

const ALIASES: { readonly [A in keyof TaskAliases]: TaskAliases[A] } = {
  'sentiment-analysis': 'text-classification',
  embeddings: 'feature-extraction',
};

/** All names, those of transformers.js' aliases last. */
export const TASK_NAMES: readonly string[] = [...Object.keys(TASKS), ...Object.keys(ALIASES)];

/** The task of a name or an alias; undefined where there is none. */
export function taskNamed(name: unknown): TaskName | undefined {
  if (typeof name !== 'string') return undefined;
  if (Object.hasOwn(TASKS, name)) return name as TaskName;
  return Object.hasOwn(ALIASES, name) ? ALIASES[name as keyof TaskAliases] : undefined;
}
