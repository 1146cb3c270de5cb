/**
 * `text-ranking`: documents in the order in which they answer a query. A long document is read in windows,
 * each with the whole query, and its score is that of its best window: MaxP of Dai and Callan 2019,
 * https://arxiv.org/abs/1905.09217
 */
import { AttnError } from '@attn/core';
import {
  aBoolean,
  aString,
  checkOptions,
  either,
  integer,
  listOf,
  oneOf,
  required,
  show,
  type OptionKinds,
} from '@attn/core/backend';
import type { Checked } from '../encode/options.ts';
import type { TextWindow } from '../encode/windows.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { overTokens, rowLimit } from './over-windows.ts';
import { largest } from '../encode/scores.ts';
import { taskKinds } from './task-options.ts';
import type { Task, TaskRunner } from './task.ts';
import { crossEncoder } from './text-ranking/cross-encoder.ts';
import type { Judge, JudgeOptions } from './text-ranking/judge.ts';
import { yesOrNo } from './text-ranking/yes-or-no.ts';

/** Options of `text-ranking`. */
export interface TextRankingOptions extends JudgeOptions {
  /** How many documents are returned, the best first; null for all. Default null. */
  readonly top_k?: number | null;
  /** Whether results have the text of their documents. Default false. */
  readonly return_documents?: boolean;
}

/** A query, and documents that may answer it. */
export interface RankingInput {
  readonly query: string;
  readonly documents: readonly string[];
}

/** A document and its score. */
export interface RankedText {
  /** Its place among the documents of the call. */
  readonly corpus_id: number;
  readonly score: number;
  /** The document, with `return_documents`. */
  readonly text?: string;
  /** In how many windows it was read; absent where it was read as a whole, as are the next two. */
  readonly windows?: number;
  /** Where the best window begins in the document, in UTF-16 units. */
  readonly start?: number;
  /** Where it ends. */
  readonly end?: number;
}

/** Ranks documents by a query, those of the highest scores first. */
export interface RankTexts {
  (query: string, documents: readonly string[], options?: TextRankingOptions): Promise<readonly RankedText[]>;
  (input: RankingInput, options?: TextRankingOptions): Promise<readonly RankedText[]>;
  (
    inputs: readonly RankingInput[],
    options?: TextRankingOptions,
  ): Promise<readonly (readonly RankedText[])[]>;
}

/** The task `text-ranking`. */
export const textRanking: Task<RankingInput, TextRankingOptions, readonly RankedText[], RankTexts> = {
  open: (runnable, where) => new Ranker(runnable, where),
  call(answer) {
    const rank = async (
      first: unknown,
      ...rest: readonly unknown[]
    ): Promise<readonly RankedText[] | readonly (readonly RankedText[])[]> => {
      const isQuery = rest.length > 1 || Array.isArray(rest[0]) || typeof first !== 'object';
      const options = rest[isQuery ? 1 : 0] as TextRankingOptions | undefined;
      if (!isQuery && Array.isArray(first)) return answer(first, options);
      return (await answer([isQuery ? { query: first, documents: rest[0] } : first], options))[0];
    };
    return rank as RankTexts;
  },
};

const INPUT: OptionKinds<RankingInput> = {
  query: required(aString),
  documents: required(listOf(aString, 'a list of texts')),
};

/** A window of a document, and where it lies. */
interface BestWindow {
  readonly score: number;
  readonly start?: number;
  readonly end?: number;
}

class Ranker implements TaskRunner<RankingInput, TextRankingOptions, readonly RankedText[]> {
  readonly kinds: OptionKinds<TextRankingOptions>;
  private readonly judge: Judge;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    const { model } = runnable;
    this.judge = model.wordModel
      ? yesOrNo(runnable, model.wordModel.bind(model), where)
      : crossEncoder(runnable, where);
    this.where = where;
    this.kinds = {
      top_k: either(integer(1), oneOf(null)),
      return_documents: aBoolean,
      instruction: aString,
      ...taskKinds(runnable),
    };
  }

  read(value: unknown, name: string): RankingInput {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const message = `${name} must be { query, documents }, got ${show(value)}`;
      throw new AttnError('INVALID_ARGUMENT', this.where, message);
    }
    const { query, documents } = checkOptions(this.where, value as RankingInput, INPUT, { name });
    return { query, documents: Array.from(documents) };
  }

  async run(
    inputs: readonly RankingInput[],
    options: Checked<TextRankingOptions>,
  ): Promise<readonly (readonly RankedText[])[]> {
    const { where, judge } = this;
    const { top_k: topK, return_documents: withText = false } = options;
    const { runnable } = judge;
    const pairs = inputs.flatMap(({ query, documents }) =>
      documents.map((document) => ({ query, document })),
    );
    const tokenized = await judge.tokens(pairs, options);
    const maxLength = options.maxLength ?? Math.min(judge.maxLength, rowLimit(runnable, options));
    const best = new Map<number, BestWindow>();
    const { windowCounts } = await overTokens(
      where,
      runnable,
      tokenized,
      { ...options, maxLength },
      {},
      (window, text, { logits: { data, shape } }, row) => {
        const [, labels] = shape;
        const score = judge.score(data.subarray(row * labels, (row + 1) * labels) as Float32Array);
        const other = best.get(window.text);
        if (other === undefined || score > other.score)
          best.set(window.text, { score, ...passageOf(window, text) });
      },
    );
    let first = 0;
    return inputs.map(({ documents }) => {
      const results = documents.map((text, i): RankedText => {
        const { score = NaN, start, end } = best.get(first + i) ?? {};
        const windows = windowCounts[first + i];
        return {
          corpus_id: i,
          score,
          ...(withText && { text }),
          ...(windows > 1 && { windows, ...(start !== undefined && { start, end }) }),
        };
      });
      first += documents.length;
      const scores = results.map(({ score }) => score);
      return largest(scores, topK ?? scores.length).map((place) => results[place]);
    });
  }
}

/** Where the text of a window lies in its document; nothing where the tokenizer says no places. */
function passageOf({ parts }: TextWindow, { offsets }: TokenizedText): Pick<BestWindow, 'start' | 'end'> {
  if (parts.length === 1 || offsets === undefined) return {};
  const [before, middle, behind] = parts;
  const first = middle.at - (middle.from - before.to);
  const last = first + (behind.from - before.to) - 1;
  return { start: offsets[first]?.[0], end: offsets[last]?.[1] };
}
