/** Options and results of `question-answering`. */
import type { TaskOptions } from '../task-options.ts';
import type { QuestionInput } from './input.ts';

/** Options of `question-answering`. */
export interface QuestionAnsweringOptions extends TaskOptions {
  /**
   * How many answers are returned, those of the highest scores first. With 1 a question has an object, else a
   * list. Default 1.
   */
  readonly top_k?: number;
  /** The most tokens of an answer. Default 15. */
  readonly max_answer_len?: number;
  /** Whether answers are of whole words. Default true. */
  readonly align_to_words?: boolean;
  /** Whether "there is no answer", an empty text, is one of the answers. Default false. */
  readonly handle_impossible_answer?: boolean;
  /**
   * The most tokens of a window, as `maxLength`. Default with `truncation`: 384, or what the model's files
   * say where that is less; else as long as the model can.
   */
  readonly max_seq_len?: number;
  /** Tokens of the context that neighbouring windows share, as `overlap`. Default with `truncation`: 128. */
  readonly doc_stride?: number;
  /**
   * Whether windows and scores are those of the original pipeline: each window has scores of its own, and
   * equal answers are one, with the sum of their scores. Nothing of a context is cut off in either case.
   * Default: whether there is `max_seq_len` or `doc_stride`.
   */
  readonly truncation?: boolean;
}

/** An answer to a question. */
export interface QuestionAnswer {
  /** The text of the context from `start` to before `end`; empty for "there is no answer". */
  readonly answer: string;
  readonly score: number;
  /** Where the answer stands in the context, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The score of "there is no answer", for comparison: that of `[CLS]`; 0 for a tokenizer without it. */
  readonly noAnswer: number;
  /** In how many windows the context was read; absent where it was read as a whole. */
  readonly windows?: number;
}

/** What a question has of `top_k` answers: one has an object, several have a list. */
export type TopAnswers<K extends number> = number extends K
  ? QuestionAnswer | QuestionAnswer[]
  : K extends 1
    ? QuestionAnswer
    : QuestionAnswer[];

/**
 * Answers questions from contexts. Of two lists, the questions and contexts of equal places belong together;
 * a single text beside a list belongs to each of its entries.
 *
 * @example
 * const { answer: text, start, end } = await answer('Who narrates?', novel);
 * const three = await answer({ question: 'Who narrates?', context: novel }, { top_k: 3 });
 */
export interface AnswerQuestions {
  <K extends number = 1>(
    question: string,
    context: string,
    options?: QuestionAnsweringOptions & { readonly top_k?: K },
  ): Promise<TopAnswers<K>>;
  <K extends number = 1>(
    questions: readonly string[],
    contexts: string | readonly string[],
    options?: QuestionAnsweringOptions & { readonly top_k?: K },
  ): Promise<TopAnswers<K>[]>;
  <K extends number = 1>(
    question: string,
    contexts: readonly string[],
    options?: QuestionAnsweringOptions & { readonly top_k?: K },
  ): Promise<TopAnswers<K>[]>;
  <K extends number = 1>(
    input: QuestionInput,
    options?: QuestionAnsweringOptions & { readonly top_k?: K },
  ): Promise<TopAnswers<K>>;
  <K extends number = 1>(
    inputs: readonly QuestionInput[],
    options?: QuestionAnsweringOptions & { readonly top_k?: K },
  ): Promise<TopAnswers<K>[]>;
}
