/**
 * Qwen3-Reranker: a language model that is asked whether a document answers a query, and whose score is the
 * probability of "yes" against "no". Zhang et al. 2025, https://arxiv.org/abs/2506.05176
 */
import { AttnError } from '@attn/core';
import type { Model } from '../../model.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import type { TokenizedText } from '../../tokenizer.ts';
import { tokenizeTexts } from '../../encode/run-texts.ts';
import { softmax } from '../../encode/scores.ts';
import { taskTokenizer, type TaskTokenizer } from '../task-tokenizer.ts';
import type { Judge, QueryDocument } from './judge.ts';

/** What stands before and behind the question, in tokens of its own, so that the question alone is cut. */
const BEFORE =
  '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct ' +
  'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n';
const BEHIND = '<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n';

/** What the model is told where the caller says nothing. */
const INSTRUCTION = 'Given a web search query, retrieve relevant passages that answer the query';

/** Most tokens of a prompt, as the authors' own code has it. */
const MAX_LENGTH = 8_192;

/** The judge that a language model is. Errors: `MISSING_INPUT`, `UNSUPPORTED` (no token for yes or no). */
export function yesOrNo(
  runnable: RunnableModel,
  wordModel: NonNullable<Model['wordModel']>,
  where: string,
): Judge {
  const tokenizer = taskTokenizer(where, runnable, 'text-ranking');
  const words = ['no', 'yes'].map((word) => idOf(where, tokenizer, word));
  const model = wordModel(words);
  const asked: RunnableModel = { ...runnable, model, graphs: runnable.graphs.wordRuns(model, words) };
  const [before, behind] = [BEFORE, BEHIND].map((part) => plainIds(tokenizer, part));
  return {
    runnable: asked,
    maxLength: Math.min(MAX_LENGTH, runnable.model.maxLength),
    async tokens(pairs, options) {
      const heads = pairs.map((pair) => headOf(pair, options.instruction));
      const inputs = pairs.map(({ document }, i) => ({ text: heads[i] + document }));
      const tokenized = await tokenizeTexts(where, asked, inputs, options);
      return tokenized.map((tokens, i) => {
        // The original cuts the end of the question, whatever it is.
        const start = options.truncation === true ? Infinity : heads[i].length;
        return framed(where, tokens, { before, behind, start });
      });
    },
    score: (logits) => softmax(logits)[1],
  };
}

/** The question up to the document. */
function headOf({ query }: QueryDocument, instruction: string = INSTRUCTION): string {
  return `<Instruct>: ${instruction}\n<Query>: ${query}\n<Document>: `;
}

function idOf(where: string, tokenizer: TaskTokenizer, word: string): number {
  const id = tokenizer.tokenToId(word);
  if (id !== undefined) return id;
  const message = `text-ranking with a language model needs a tokenizer with the token ${word}, and this one has none`;
  throw new AttnError('UNSUPPORTED', where, message);
}

/** The ids of a text, without special tokens around it. */
function plainIds(tokenizer: TaskTokenizer, text: string): readonly number[] {
  const { ids, special } = tokenizer.encode(text);
  return ids.filter((_, i) => special?.[i] !== 1);
}

/** What stands around a question, and where its document begins. */
interface Frame {
  readonly before: readonly number[];
  readonly behind: readonly number[];
  readonly start: number;
}

/** A question in its frame. The token in which the document begins is of the document. */
function framed(
  where: string,
  { ids, sequences, offsets }: TokenizedText,
  { before, behind, start }: Frame,
): TokenizedText {
  if (offsets === undefined) {
    const message = 'text-ranking with a language model needs a tokenizer that says where tokens lie';
    throw new AttnError('UNSUPPORTED', where, message);
  }
  const around = <T>(own: readonly T[]): readonly (T | null)[] => [
    ...before.map(() => null),
    ...own,
    ...behind.map(() => null),
  ];
  return {
    ids: [...before, ...ids, ...behind],
    sequences: around(
      offsets.map((span, i) => (span === null || sequences?.[i] === null ? null : span[1] > start ? 1 : 0)),
    ),
    offsets: around(offsets.map((span) => span && [Math.max(span[0] - start, 0), span[1] - start])),
  };
}
