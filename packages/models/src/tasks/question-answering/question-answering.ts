/**
 * `question-answering`: the words of a context that answer a question. A context that is longer than the
 * model is read in windows, each with the whole question; `joint-search.ts` says how their answers become
 * one list.
 */
import { AttnError } from '@attn/core';
import { aBoolean, integer, type OptionKinds } from '@attn/core/backend';
import type { Checked } from '../../encode/options.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import type { TextTokenizer, TokenizedText } from '../../tokenizer.ts';
import { overWindows } from '../over-windows.ts';
import { taskKinds } from '../task-options.ts';
import type { Task, TaskRunner } from '../task.ts';
import { readWindow } from './answer-window.ts';
import { readCall, readQuestion, type QuestionInput } from './input.ts';
import { JointSearch } from './joint-search.ts';
import { answerWindows } from './limits.ts';
import type { AnswerQuestions, QuestionAnswer, QuestionAnsweringOptions, TopAnswers } from './options.ts';
import { OriginalSearch } from './original-search.ts';
import type { AnswerSearch, FoundAnswers, SearchOptions } from './search.ts';

/** The task `question-answering`. */
export const questionAnswering: Task<
  QuestionInput,
  QuestionAnsweringOptions,
  TopAnswers<number>,
  AnswerQuestions
> = {
  open: (runnable, where) => new QuestionAnswerer(runnable, where),
  call(answer) {
    const ask = async (...parameters: readonly unknown[]): Promise<unknown> => {
      const call = readCall<QuestionAnsweringOptions>('models/question-answering', parameters);
      const answers = await answer(call.inputs, call.options);
      return call.isList ? answers : answers[0];
    };
    return ask as AnswerQuestions;
  },
};

class QuestionAnswerer implements TaskRunner<QuestionInput, QuestionAnsweringOptions, TopAnswers<number>> {
  readonly kinds: OptionKinds<QuestionAnsweringOptions>;
  private readonly runnable: RunnableModel;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    const { model, tokenizer } = runnable;
    if (!model.outputs.includes('start_logits') || !model.outputs.includes('end_logits')) {
      const message = `question-answering needs a model for question answering, got ${model.architecture}`;
      throw new AttnError('UNSUPPORTED', where, message);
    }
    if (tokenizer === undefined) {
      const message = 'question-answering needs a tokenizer, and this checkpoint has no files of one';
      throw new AttnError('MISSING_INPUT', where, message);
    }
    this.runnable = runnable;
    this.where = where;
    this.kinds = {
      ...taskKinds(runnable),
      top_k: integer(1),
      max_answer_len: integer(1),
      align_to_words: aBoolean,
      handle_impossible_answer: aBoolean,
      max_seq_len: integer(1, model.maxLength),
      doc_stride: integer(0),
    };
  }

  read(value: unknown, name: string): QuestionInput {
    return readQuestion(this.where, value, name);
  }

  async run(
    inputs: readonly QuestionInput[],
    options: Checked<QuestionAnsweringOptions>,
  ): Promise<readonly TopAnswers<number>[]> {
    const { where, runnable } = this;
    const { top_k: most = 1, max_answer_len: maxTokens = 15, align_to_words: alignToWords = true } = options;
    const windowing = answerWindows(where, runnable, options);
    const searchFor = (text: TokenizedText, { context }: QuestionInput): AnswerSearch => {
      checkOffsets(where, text);
      const search: SearchOptions = { most, maxTokens, alignToWords };
      return windowing.asOriginal ? new OriginalSearch(text, context, search) : new JointSearch(text, search);
    };
    const searches: AnswerSearch[] = [];
    const { windowCounts } = await overWindows(
      where,
      runnable,
      inputs.map(({ question, context }) => ({ text: question, pair: context })),
      windowing.options,
      { ...windowing.rule, globalTokens: runnable.model.takesGlobalTokens ? questionTokens : undefined },
      (window, text, outputs, row) => {
        searches[window.text] ??= searchFor(text, inputs[window.text]);
        searches[window.text].add(readWindow(window, text, outputs, row, clsIdOf(runnable.tokenizer, text)));
      },
    );
    return inputs.map(({ context }, i) => {
      const answers = answersOf(searches[i].found(), context, windowCounts[i], options);
      return most === 1 ? answers[0] : answers;
    });
  }
}

/** The answers as they are returned; the empty one alone where the context has no tokens. */
export function answersOf(
  { answers, noAnswer }: FoundAnswers,
  context: string,
  windowCount: number,
  { top_k: most = 1, handle_impossible_answer: handlesNone = false }: Checked<QuestionAnsweringOptions>,
): QuestionAnswer[] {
  const none = { start: 0, end: 0, score: noAnswer };
  const all = handlesNone ? [...answers, none].sort((a, b) => b.score - a.score).slice(0, most) : answers;
  return (all.length > 0 ? all : [{ ...none, score: 0 }]).map(({ start, end, score }) => ({
    answer: context.slice(start, end),
    score,
    start,
    end,
    noAnswer,
    ...(windowCount > 1 && { windows: windowCount }),
  }));
}

/** The id of `[CLS]`; of a tokenizer that does not name it, that of a special token in the first place. */
function clsIdOf(
  tokenizer: TextTokenizer | undefined,
  { ids, sequences }: TokenizedText,
): number | undefined {
  const { clsId } = (tokenizer ?? {}) as { readonly clsId?: number };
  return clsId ?? (sequences?.[0] === null ? ids[0] : undefined);
}

/**
 * The places of the question and of what stands before it: the global tokens of a Longformer. Its own rule
 * looks for separators, which may stand in the texts as well.
 */
function questionTokens({ sequences = [] }: TokenizedText): readonly number[] {
  return Array.from({ length: Math.max(sequences.lastIndexOf(0) + 1, 1) }, (_, i) => i);
}

function checkOffsets(where: string, { offsets }: TokenizedText): void {
  if (offsets !== undefined) return;
  const message =
    'question-answering needs a tokenizer that says where tokens stand: its results must have offsets';
  throw new AttnError('UNSUPPORTED', where, message);
}
