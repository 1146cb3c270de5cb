/** Added tokens: texts that become one token wherever they stand, cut out before anything else is done. */
import type { TokenList } from './models/token-list.ts';
import { marginsOf } from './output/trim.ts';
import { STRIDE, type Steps } from './steps.ts';
import type { Aligned } from './text/aligned.ts';
import { isWhiteSpace, WORD } from './text/characters.ts';
import { Trie } from './text/trie.ts';

/** A text that is one token. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Whether decoding may leave it out. */
  readonly special: boolean;
  /** Whether the token takes the white space before or after it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether it only counts between characters that are of no word. */
  readonly singleWord: boolean;
  /** Whether it is looked for after normalizing. */
  readonly normalized: boolean;
}

/** What a text is cut into: parts between added tokens, and these. */
export type Cut =
  | { readonly part: Aligned; readonly token?: undefined }
  | { readonly token: AddedToken; readonly part: Aligned };

const WORD_BEFORE = new RegExp(`[${WORD}]$`, 'u');
const WORD_AFTER = new RegExp(`^[${WORD}]`, 'u');

/** Finds some added tokens. */
export class AddedTokenFinder {
  private readonly tokens: readonly AddedToken[];
  private readonly trie = new Trie();

  /**
   * @param tokens the tokens to look for
   * @param form how the content of a token reads in the texts that are searched
   */
  constructor(tokens: readonly AddedToken[], form: (content: string) => string = (content) => content) {
    this.tokens = tokens;
    for (const [index, { content }] of tokens.entries()) this.trie.add(form(content), index);
  }

  /** Whether there is nothing to find. */
  get isIdle(): boolean {
    return this.trie.isEmpty;
  }

  /** The tokens of a text and the parts between them, in order. Empty parts are left out. */
  *cut(source: Aligned): Steps<readonly Cut[]> {
    const { text } = source;
    const cuts: Cut[] = [];
    let [done, paused] = [0, 0];
    for (let at = 0; at < text.length;) {
      const end = this.trie.longest(text, at);
      if (end !== -1) {
        const added = this.tokens[this.trie.get(text, at, end)];
        if (!added.singleWord || isAlone(text, at, end)) {
          const [from, to] = widened(text, at, end, added, done);
          if (done < from) cuts.push({ part: source.slice(done, from) });
          cuts.push({ token: added, part: source.slice(from, to) });
          done = to;
        }
      }
      at = Math.max(end, at + 1, done);
      if (at - paused > STRIDE) {
        paused = at;
        yield;
      }
    }
    if (done < text.length) cuts.push({ part: source.slice(done, text.length) });
    return cuts;
  }
}

/** Adds an added token to a list. */
export function addToken(out: TokenList, { id }: AddedToken, part: Aligned): void {
  const margins = marginsOf(part.text);
  if (margins[0] + margins[1] > 0) out.margins.set(out.length, margins);
  out.beginWord();
  out.add(id, part.startAt(0), part.endBefore(part.text.length));
}

function isAlone(text: string, from: number, to: number): boolean {
  return (
    !WORD_BEFORE.test(text.slice(Math.max(0, from - 2), from)) && !WORD_AFTER.test(text.slice(to, to + 2))
  );
}

/** The place of a token with the white space that it takes; what is done already stays. */
function widened(
  text: string,
  start: number,
  end: number,
  added: AddedToken,
  done: number,
): [number, number] {
  let [from, to] = [start, end];
  if (added.lstrip) while (from > done && isWhiteSpace(text.charCodeAt(from - 1))) from -= 1;
  if (added.rstrip) while (to < text.length && isWhiteSpace(text.charCodeAt(to))) to += 1;
  return [from, to];
}
