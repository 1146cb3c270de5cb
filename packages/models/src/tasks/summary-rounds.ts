/** Summaries of texts of any length: of parts, then of what these give, until there is one. */
import { AttnError } from '@attn/core';
import { newTokens, type OpenSearch, type SearchCallbacks } from '../generate/open-search.ts';
import type { Generated } from '../generate/options.ts';
import { runSearches } from '../generate/search-groups.ts';
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

/** Generations of one round: the last is that of all texts, of which the caller hears. */
interface Round {
  /** The numbers of the generations. */
  readonly numbers: readonly number[];
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
   * that two are no shorter than a part), `RUN_FAILED` (summaries that are no shorter), those of
   * `runSearches`.
   */
  async summarise(texts: readonly TokenizedText[]): Promise<readonly Generated[]> {
    const plans = texts.map((tokens) => this.roundsFor(tokens));
    const counts = plans.map(({ rounds }) => rounds.reduce((sum, count) => sum + count));
    const most = plans.flatMap(({ summaryLength }, i) => new Array<number>(counts[i]).fill(summaryLength));
    const progress = new TokenProgress(most, this.place.callbacks.onProgress);
    const short: (readonly number[])[] = [];
    const last: number[] = [];
    for (const [i, tokens] of texts.entries()) {
      const first = (last.at(-1) ?? -1) + 1;
      last.push(first + counts[i] - 1);
      const numbers = Array.from({ length: counts[i] - 1 }, (_, place) => first + place);
      short.push(await this.shorten(tokens, plans[i].rounds, { numbers, progress }));
      progress.end(numbers);
    }
    return this.generate(short, { numbers: last, isLast: true, progress });
  }

  /** The text that the last round reads. `numbers` are those of the generations before it, at most. */
  private async shorten(
    text: TokenizedText,
    rounds: readonly number[],
    { numbers, progress }: Pick<Round, 'numbers' | 'progress'>,
  ): Promise<readonly number[]> {
    const { rule, where } = this.place;
    let parts = partsOf(text, rule);
    for (let round = 0, before = 0; parts.length > 1; before += rounds[round] ?? 0, round++) {
      const own = parts.map((_, part) => numbers[Math.min(before + part, numbers.length - 1)]);
      const summaries = await this.generate(parts, { numbers: own, isLast: false, progress });
      const joined = summaries.map(({ text: summary = '' }) => summary.trim()).join('\n');
      const next = partsOf(await this.tokenize(joined), rule);
      if (next.length >= parts.length) {
        const message = `the summaries of ${parts.length} parts must be shorter than these, got ${next.length} parts`;
        throw new AttnError('RUN_FAILED', where, message);
      }
      parts = next;
    }
    return parts[0];
  }

  private generate(
    parts: readonly (readonly number[])[],
    { numbers, isLast, progress }: Round,
  ): Promise<readonly Generated[]> {
    const { where, runnable, search, callbacks } = this.place;
    const { onToken, onText, backend, signal } = callbacks;
    const inputs = parts.map((ids) => {
      const source = search.sourceOf(ids);
      const plan = search.planOf(source);
      return { source, plan: isLast ? plan : { ...plan, returned: 1 } };
    });
    const numbersOf = (members: readonly number[]): readonly number[] => members.map((i) => numbers[i]);
    return runSearches(where, runnable, inputs, {
      stop: search.stop,
      backend,
      signal,
      onStep: (members) => progress.step(numbersOf(members)),
      onEnd: (members) => progress.end(numbersOf(members)),
      ...(isLast && { onToken, onText }),
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
