/** Summaries of texts of any length: of parts, then of what these give, until there is one. */
import { AttnError } from '@attn/core';
import { newTokens, type OpenSearch, type SearchCallbacks } from '../generate/open-search.ts';
import type { Generated } from '../generate/options.ts';
import { runSearch } from '../generate/run-search.ts';
import { TokenProgress } from '../generate/token-progress.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { partsOf, roomOf, roundsOf, type PartRule } from './summary-parts.ts';

/** What summaries are made with. */
export interface SummaryPlace {
  readonly where: string;
  readonly runnable: RunnableModel;
  readonly search: OpenSearch;
  readonly rule: PartRule;
  readonly callbacks: SearchCallbacks;
}

/** A generation of one round: in the last, the caller hears of it. */
interface Turn {
  readonly input: number;
  readonly isLast: boolean;
  readonly progress: TokenProgress;
}

/** Makes summaries. `tokenize` is for the summaries of a round, one behind the other. */
export class SummaryRounds {
  private readonly place: SummaryPlace;
  private readonly tokenize: (text: string) => Promise<TokenizedText>;

  constructor(place: SummaryPlace, tokenize: (text: string) => Promise<TokenizedText>) {
    this.place = place;
    this.tokenize = tokenize;
  }

  /**
   * The last result for each text. Errors: `INVALID_ARGUMENT` (a long text, but summaries that may be so long
   * that two are no shorter than a part), `RUN_FAILED` (summaries that are no shorter), those of `runSearch`.
   */
  async summarise(texts: readonly TokenizedText[]): Promise<readonly Generated[]> {
    const plans = texts.map((tokens) => this.roundsFor(tokens));
    const counts = plans.map(({ rounds }) => rounds.reduce((sum, count) => sum + count));
    const most = plans.flatMap(({ summaryLength }, i) => new Array<number>(counts[i]).fill(summaryLength));
    const progress = new TokenProgress(most, this.place.callbacks.onProgress);
    const results: Generated[] = [];
    let done = 0;
    for (const [input, tokens] of texts.entries()) {
      results.push(await this.summary(tokens, plans[input].rounds, done, { input, progress }));
      done += counts[input];
    }
    progress.begin(done);
    return results;
  }

  /** The last result for a text; `first` is the number of its first generation. */
  private async summary(
    text: TokenizedText,
    rounds: readonly number[],
    first: number,
    turn: Omit<Turn, 'isLast'>,
  ): Promise<Generated> {
    const { rule, where } = this.place;
    let parts = partsOf(text, rule);
    for (let round = 0, before = first; parts.length > 1; before += rounds[round] ?? 0, round++) {
      const summaries: string[] = [];
      for (const [i, part] of parts.entries()) {
        turn.progress.begin(before + i);
        const { text: summary = '' } = await this.generate(part, { ...turn, isLast: false });
        summaries.push(summary.trim());
      }
      const next = partsOf(await this.tokenize(summaries.join('\n')), rule);
      if (next.length >= parts.length) {
        const message = `the summaries of ${parts.length} parts must be shorter than these, got ${next.length} parts`;
        throw new AttnError('RUN_FAILED', where, message);
      }
      parts = next;
    }
    const last = first + rounds.reduce((sum, count) => sum + count) - 1;
    turn.progress.begin(last);
    return this.generate(parts[0], { ...turn, isLast: true });
  }

  private generate(ids: readonly number[], { input, isLast, progress }: Turn): Promise<Generated> {
    const { where, runnable, search, callbacks } = this.place;
    const { onToken, onText, backend, signal } = callbacks;
    const source = search.sourceOf(ids);
    const plan = search.planOf(source);
    return runSearch(where, runnable, source, {
      plan: isLast ? plan : { ...plan, returned: 1 },
      stop: search.stop,
      backend,
      signal,
      onStep: () => progress.step(),
      onToken: isLast ? onToken && ((id, text) => onToken(id, input, text)) : undefined,
      onText: isLast ? onText && ((piece, text) => onText(piece, input, text)) : undefined,
    });
  }

  private roundsFor(tokens: TokenizedText): {
    readonly rounds: readonly number[];
    readonly summaryLength: number;
  } {
    const { where, search, rule } = this.place;
    const [first] = partsOf(tokens, rule);
    const summaryLength = newTokens(search.planOf(search.sourceOf(first)));
    const length = tokens.ids.length;
    if (length <= rule.maxLength) return { rounds: [1], summaryLength };
    const room = roomOf(tokens, rule);
    const most = Math.floor(room / 2) - 1;
    if (summaryLength <= most) return { rounds: roundsOf(length, room, summaryLength), summaryLength };
    const message = `a text of ${length} tokens is read in parts of ${room}, so a summary must be at most ${most} new tokens, got ${summaryLength}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
}
