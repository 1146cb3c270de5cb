/** The way of a text to its tokens: added tokens, normalizer, added tokens again, pre-tokenizer, model. */
import { AddedTokenFinder, addToken } from './added-tokens.ts';
import type { Definition } from './definition.ts';
import type { TokenList } from './models/token-list.ts';
import { WordRunner } from './models/word-runner.ts';
import { normalizeText } from './normalizers/normalizer.ts';
import type { Steps } from './steps.ts';
import { Aligned } from './text/aligned.ts';
import { Bounds } from './text/bounds.ts';

/** Makes tokens of texts. */
export class Pipeline {
  private readonly definition: Definition;
  private readonly runner: WordRunner;
  private readonly inText: AddedTokenFinder;
  private readonly inNormalized: AddedTokenFinder;

  constructor(definition: Definition) {
    const { added, normalizer, model } = definition;
    this.definition = definition;
    this.runner = new WordRunner(model);
    // Without a normalizer both kinds are found in the text itself, the longest first.
    const isRaw = (normalized: boolean) => !normalized || normalizer === undefined;
    this.inText = new AddedTokenFinder(added.filter(({ normalized }) => isRaw(normalized)));
    this.inNormalized = new AddedTokenFinder(
      added.filter(({ normalized }) => !isRaw(normalized)),
      (content) => (normalizer === undefined ? content : normalizeText(normalizer, content)),
    );
  }

  /** The tokens of a text; `out` grows meanwhile. */
  *tokens(text: string, out: TokenList): Steps<void> {
    const whole = new Aligned(text, 0);
    if (this.inText.isIdle) {
      yield* this.part(whole, out);
      return;
    }
    for (const { token, part } of yield* this.inText.cut(whole)) {
      if (token !== undefined) addToken(out, token, part);
      else yield* this.part(part, out);
      if (out.length % 256 === 0) yield;
    }
  }

  private *part(raw: Aligned, out: TokenList): Steps<void> {
    const { normalizer } = this.definition;
    const normalized = normalizer === undefined ? raw : yield* normalizer(raw);
    if (this.inNormalized.isIdle) {
      yield* this.words(normalized, out);
      return;
    }
    for (const { token, part } of yield* this.inNormalized.cut(normalized)) {
      if (token === undefined) yield* this.words(part, out);
      else addToken(out, token, part);
      if (out.length % 256 === 0) yield;
    }
  }

  private *words(part: Aligned, out: TokenList): Steps<void> {
    if (part.text === '') return;
    const { preTokenizer } = this.definition;
    const whole = { source: part, bounds: Bounds.whole(part.text.length) };
    const pieces = preTokenizer === undefined ? whole : yield* preTokenizer(whole);
    yield* this.runner.run(pieces, out);
  }
}
