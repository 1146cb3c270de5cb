/** Answers of the original, and the windows that they came from. */
import { expect } from 'vitest';
import type { TokenizedText } from '../../tokenizer.ts';
import type { AnswerWindow } from './answer-window.ts';
import type { QuestionAnswer, TopAnswers } from './options.ts';

/** An answer as the original gives it. */
interface GoldenAnswer {
  readonly answer: string;
  readonly score: number;
  readonly start_utf16: number;
  readonly end_utf16: number;
}

/** The answers of a case; one alone is no list. */
export type GoldenAnswers = GoldenAnswer | readonly GoldenAnswer[];

/** A window of a case. */
export interface GoldenWindow {
  readonly ids: readonly number[];
  readonly offsets_utf16: readonly (readonly [number, number])[];
  readonly special: readonly number[];
  readonly words: readonly (number | null)[];
  readonly sequences: readonly (0 | 1 | null)[];
  readonly start_logits: readonly number[];
  readonly end_logits: readonly number[];
}

/** Expects the original's answers. */
export function expectAnswers(
  got: TopAnswers<number>,
  context: string,
  expected: GoldenAnswers,
  tolerance: number,
): void {
  const [answers, originals] = [[got].flat() as QuestionAnswer[], [expected].flat() as GoldenAnswer[]];
  expect(answers.map(({ answer, start, end }) => [answer, start, end])).toEqual(
    originals.map((each) => [each.answer, each.start_utf16, each.end_utf16]),
  );
  for (const [i, { answer, start, end, score }] of answers.entries()) {
    expect(context.slice(start, end)).toBe(answer);
    expect(Math.abs(score - originals[i].score), `score ${i}`).toBeLessThan(tolerance);
  }
}

/** The tokens of question and context, put together from windows, and what each window says of answers. */
export function fromWindows(windows: readonly GoldenWindow[]): {
  readonly text: TokenizedText;
  readonly windows: readonly AnswerWindow[];
} {
  const [{ ids, sequences, offsets_utf16: offsets, words }] = windows;
  const first = sequences.indexOf(1);
  const columns = {
    ids: ids.slice(0, first),
    offsets: offsets.slice(0, first),
    words: words.slice(0, first),
  };
  const of: AnswerWindow[] = [];
  let length = 0;
  for (const [i, window] of windows.entries()) {
    const context = window.sequences.flatMap((sequence, at) => (sequence === 1 ? [at] : []));
    // A window begins where its first tokens stand in the one before, with the words that they are of.
    const previous = windows[i - 1];
    const shared = previous === undefined ? 0 : sharedBetween(previous, window);
    const at = length - shared;
    for (const place of context.slice(shared)) {
      columns.ids.push(window.ids[place]);
      columns.offsets.push(window.offsets_utf16[place]);
      columns.words.push(window.words[place]);
    }
    length = at + context.length;
    const [starts, ends] = [window.start_logits, window.end_logits];
    of.push({
      starts: context.map((place) => starts[place]),
      ends: context.map((place) => ends[place]),
      at: first + at,
      beside: [{ isFirst: true, start: starts[0], end: ends[0] }],
    });
  }
  const tokens = { ...columns, sequences: columns.ids.map((_, i) => (i < first ? 0 : 1) as 0 | 1) };
  return { text: tokens, windows: of };
}

/** How many tokens of the context the end of a window has in common with the beginning of the next one. */
function sharedBetween(before: GoldenWindow, after: GoldenWindow): number {
  const tokens = ({ ids, offsets_utf16, words, sequences }: GoldenWindow): string[] =>
    ids.flatMap((id, i) => (sequences[i] === 1 ? [`${id} ${offsets_utf16[i].join()} ${words[i]}`] : []));
  const [end, start] = [tokens(before), tokens(after)];
  for (let shared = Math.min(end.length, start.length); shared > 0; shared--) {
    if (end.slice(-shared).every((token, i) => token === start[i])) return shared;
  }
  return 0;
}
