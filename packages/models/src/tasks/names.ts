/** The tasks by their names, which are those of transformers.js. The code of a task is loaded with it. */
import type { QuestionInput } from './question-answering/input.ts';
import type { AnswerQuestions, QuestionAnsweringOptions, TopAnswers } from './question-answering/options.ts';
import type { FilledMasks, FillMaskOptions, FillMasks } from './fill-mask.ts';
import type { SingleText } from './single-text.ts';
import type { ExtractFeatures, FeatureExtractionOptions } from './feature-extraction.ts';
import type { Features } from './features.ts';
import type {
  CompareSentences,
  SentenceComparison,
  SentenceSimilarityOptions,
  SimilarityPair,
} from './sentence-similarity.ts';
import type { ClassifyTexts, LabelScore, TextClassificationOptions } from './text-classification.ts';
import type {
  ClassifyZeroShot,
  LabelledText,
  ZeroShotAnswer,
  ZeroShotOptions,
} from './zero-shot-classification.ts';
import type { RankedText, RankingInput, RankTexts, TextRankingOptions } from './text-ranking.ts';
import type { GeneratedText, GenerateTexts, TextGenerationOptions } from './text-generation.ts';
import type { SummarizationOptions, SummarizeTexts, Summary } from './summarization.ts';
import type { AnswerTexts, Text2TextOptions } from './text2text-generation.ts';
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
  'question-answering': {
    readonly input: QuestionInput;
    readonly options: QuestionAnsweringOptions;
    readonly answer: TopAnswers<number>;
    readonly call: AnswerQuestions;
  };
  'fill-mask': {
    readonly input: string | SingleText;
    readonly options: FillMaskOptions;
    readonly answer: FilledMasks;
    readonly call: FillMasks;
  };
  'zero-shot-classification': {
    readonly input: LabelledText;
    readonly options: ZeroShotOptions;
    readonly answer: ZeroShotAnswer;
    readonly call: ClassifyZeroShot;
  };
  'text-ranking': {
    readonly input: RankingInput;
    readonly options: TextRankingOptions;
    readonly answer: readonly RankedText[];
    readonly call: RankTexts;
  };
  'text-generation': {
    readonly input: string | SingleText;
    readonly options: TextGenerationOptions;
    readonly answer: readonly GeneratedText[];
    readonly call: GenerateTexts;
  };
  'text2text-generation': {
    readonly input: string | SingleText;
    readonly options: Text2TextOptions;
    readonly answer: readonly GeneratedText[];
    readonly call: AnswerTexts;
  };
  summarization: {
    readonly input: string | SingleText;
    readonly options: SummarizationOptions;
    readonly answer: readonly Summary[];
    readonly call: SummarizeTexts;
  };
  'token-classification': {
    readonly input: TokenText;
    readonly options: TokenClassificationOptions;
    readonly answer: readonly Entity[];
    readonly call: ClassifyTokens;
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
  ner: 'token-classification';
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
  'question-answering': async () =>
    (await import('./question-answering/question-answering.ts')).questionAnswering,
  'fill-mask': async () => (await import('./fill-mask.ts')).fillMask,
  'zero-shot-classification': async () =>
    (await import('./zero-shot-classification.ts')).zeroShotClassification,
  'text-ranking': async () => (await import('./text-ranking.ts')).textRanking,
  'text-generation': async () => (await import('./text-generation.ts')).textGeneration,
  'text2text-generation': async () => (await import('./text2text-generation.ts')).text2textGeneration,
  summarization: async () => (await import('./summarization.ts')).summarization,
  'token-classification': async () => (await import('./token-classification/index.ts')).tokenClassification,
  'feature-extraction': async () => (await import('./feature-extraction.ts')).featureExtraction,
  'sentence-similarity': async () => (await import('./sentence-similarity.ts')).sentenceSimilarity,
};

const ALIASES: { readonly [A in keyof TaskAliases]: TaskAliases[A] } = {
  'sentiment-analysis': 'text-classification',
  ner: 'token-classification',
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
