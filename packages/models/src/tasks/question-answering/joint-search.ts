/**
 * Answers of a whole context, however many windows it took. Windows are compared by their logits, as the
 * evaluation of SQuAD does, with which such models are measured. One softmax over the whole context makes
 * scores of them: in it each token counts once, with the best of its logits, and "no answer" once, with
 * those of the window that is least for it. So a window without an answer, whose best span is bad, does
 * not compete with one that has an answer. A text that fits into one window has the scores of that window.
 */
import type { TokenizedText } from '../../tokenizer.ts';
import { contextOf, type AnswerWindow, type BesideToken } from './answer-window.ts';
import { BestSpans, findSpans } from './best-spans.ts';
import { Places } from './places.ts';
import { logSumExp, type AnswerSearch, type FoundAnswers, type SearchOptions } from './search.ts';

/** The search over all windows: a place that is found twice counts once, with its best score. */
export class JointSearch implements AnswerSearch {
  private readonly maxTokens: number;
  private readonly places: Places;
  private readonly best: BestSpans;
  /** The index of the context's first token, and the best logits of all its tokens. */
  private readonly first: number;
  private readonly starts: Float32Array;
  private readonly ends: Float32Array;
  private none: BesideToken | undefined;

  constructor(text: TokenizedText, { most, maxTokens, alignToWords }: SearchOptions) {
    this.maxTokens = maxTokens;
    this.places = new Places(text, alignToWords);
    this.best = new BestSpans(most);
    const [first, stop] = contextOf(text);
    this.first = first;
    this.starts = new Float32Array(stop - first).fill(-Infinity);
    this.ends = this.starts.slice();
  }

  add({ starts, ends, at, beside }: AnswerWindow): void {
    const { best, places } = this;
    keepLargest(this.starts, starts, at - this.first);
    keepLargest(this.ends, ends, at - this.first);
    const none = beside.find(({ isFirst }) => isFirst);
    if (none && (!this.none || none.start + none.end < this.none.start + this.none.end)) this.none = none;
    findSpans(starts, ends, this.maxTokens, {
      get least() {
        return best.least;
      },
      add(from, to, logit) {
        const { start, end } = places.of(at + from, at + to);
        best.add(start, end, logit);
      },
    });
  }

  found(): FoundAnswers {
    const { start = -Infinity, end = -Infinity } = this.none ?? {};
    const all = logSumExp(this.starts, [start]) + logSumExp(this.ends, [end]);
    const answers = this.best.sorted().map((span) => ({ ...span, score: Math.exp(span.logit - all) }));
    return { answers, noAnswer: this.none === undefined ? 0 : Math.exp(start + end - all) };
  }
}

/** Each of `into` from `at` on becomes the larger of it and of the logit for it. */
function keepLargest(into: Float32Array, logits: ArrayLike<number>, at: number): void {
  for (let i = 0; i < logits.length; i++) into[at + i] = Math.max(into[at + i], logits[i]);
}
