/** The logits of one window of a question and its context. */
import type { Tensors } from '@attn/core';
import { shiftOf, type TextWindow } from '../../encode/windows.ts';
import type { TokenizedText } from '../../tokenizer.ts';

/** What a window says of where the answer starts and ends. */
export interface AnswerWindow {
  /** Logits of a start at each token of the context. */
  readonly starts: ArrayLike<number>;
  /** Logits of an end at each token of the context. */
  readonly ends: ArrayLike<number>;
  /** The index of the context's first token here among all tokens of question and context. */
  readonly at: number;
  /** Logits of the tokens beside the context that take part in scores: `[CLS]`, wherever it stands. */
  readonly beside: readonly BesideToken[];
}

/** The logits of a token that is not of the context. */
export interface BesideToken {
  /** Whether it is the first of the window: it stands for "there is no answer". */
  readonly isFirst: boolean;
  readonly start: number;
  readonly end: number;
}

/** The range of tokens of a second text, from the first to before the last; empty where there is none. */
export function contextOf({ sequences = [] }: Pick<TokenizedText, 'sequences'>): readonly [number, number] {
  const first = sequences.indexOf(1);
  return first < 0 ? [0, 0] : [first, sequences.lastIndexOf(1) + 1];
}

/** Reads a window from its row of the outputs. `clsId` is the id of `[CLS]`, if there is one. */
export function readWindow(
  window: TextWindow,
  text: TokenizedText,
  { start_logits, end_logits }: Tensors,
  row: number,
  clsId: number | undefined,
): AnswerWindow {
  const { ids } = window;
  const [first, stop] = contextOf(text);
  const to = first === stop ? first : ids.length - (text.ids.length - stop);
  const [starts, ends] = [start_logits, end_logits].map(({ shape, data }) =>
    (data as Float32Array).slice(row * shape[1], row * shape[1] + ids.length),
  );
  const beside = ids.flatMap((id, i) => {
    const isBeside = id === clsId && (i < first || i >= to);
    return isBeside ? [{ isFirst: i === 0, start: starts[i], end: ends[i] }] : [];
  });
  return {
    starts: starts.subarray(first, to),
    ends: ends.subarray(first, to),
    at: first + shiftOf(window),
    beside,
  };
}
