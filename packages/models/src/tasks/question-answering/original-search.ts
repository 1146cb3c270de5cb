/**
 * Answers as the original pipeline finds them: each window has scores of its own, and answers of equal text
 * are one, whose score is the sum, wherever they stand.
 */
import type { TokenizedText } from '../../tokenizer.ts';
import type { AnswerWindow } from './answer-window.ts';
import { BestSpans, findSpans } from './best-spans.ts';
import { Places } from './places.ts';
import {
  logSumExp,
  type AnswerSearch,
  type FoundAnswer,
  type FoundAnswers,
  type SearchOptions,
} from './search.ts';

/** The answers of a window, the best first. */
interface WindowAnswers {
  readonly at: number;
  readonly answers: readonly FoundAnswer[];
}

/** The original's search. */
export class OriginalSearch implements AnswerSearch {
  private readonly context: string;
  private readonly options: SearchOptions;
  private readonly places: Places;
  private readonly windows: WindowAnswers[] = [];
  private noAnswer = Infinity;

  constructor(text: TokenizedText, context: string, options: SearchOptions) {
    this.context = context;
    this.options = options;
    this.places = new Places(text, options.alignToWords);
  }

  add({ starts, ends, at, beside }: AnswerWindow): void {
    const { most, maxTokens, alignToWords } = this.options;
    const all =
      logSumExp(
        starts,
        beside.map(({ start }) => start),
      ) +
      logSumExp(
        ends,
        beside.map(({ end }) => end),
      );
    const first = beside.find(({ isFirst }) => isFirst);
    this.noAnswer = Math.min(
      this.noAnswer,
      first === undefined ? 0 : Math.exp(first.start + first.end - all),
    );
    // More than are wanted, because some of them may become one.
    const best = new BestSpans(alignToWords ? 2 * most + 10 : most);
    findSpans(starts, ends, maxTokens, best);
    const answers = best.sorted().map(({ start, end, logit }) => ({
      ...this.places.of(at + start, at + end, at, at + starts.length),
      score: Math.exp(logit - all),
    }));
    this.windows.push({ at, answers });
  }

  found(): FoundAnswers {
    const answers = this.windows.toSorted((a, b) => a.at - b.at).flatMap((window) => window.answers);
    const byText = new Map<string, FoundAnswer>();
    for (const answer of answers) {
      const text = this.context.slice(answer.start, answer.end).toLowerCase();
      const earlier = byText.get(text);
      const score = (earlier?.score ?? 0) + answer.score;
      byText.set(text, { ...(earlier ?? answer), score });
    }
    const sorted = [...byText.values()].sort((a, b) => b.score - a.score);
    return { answers: sorted.slice(0, this.options.most), noAnswer: this.noAnswer };
  }
}
