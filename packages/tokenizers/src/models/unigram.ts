/**
 * Unigram language models (Kudo 2018, https://arxiv.org/abs/1804.10959): of all ways to write a word in
 * pieces, the one whose scores have the greatest sum.
 */
import { STRIDE } from '../steps.ts';
import { unitsAt } from '../text/aligned.ts';
import { Trie } from '../text/trie.ts';
import { ByteTokens } from './byte-tokens.ts';
import type { Vocabulary } from './vocabulary.ts';
import { NO_TOKENS, type WordModel, type WordTokens } from './word-model.ts';

/** A piece that texts are made of. */
export interface UnigramPiece {
  readonly text: string;
  readonly id: number;
  readonly score: number;
}

/** What a Unigram model consists of. */
export interface UnigramOptions {
  readonly vocabulary: Vocabulary;
  readonly pieces: readonly UnigramPiece[];
  /** The id of unknown characters; without it they vanish. */
  readonly unkId: number | undefined;
  /** The score of a character that is no piece. */
  readonly unkScore: number;
  /** Whether unknown characters become the tokens of their bytes. */
  readonly byteFallback: boolean;
}

const MARK = '▁'.charCodeAt(0);

/** A Unigram model. */
export class Unigram implements WordModel {
  readonly vocabulary: Vocabulary;
  readonly cut: ((text: string, from: number, to: number) => number) | undefined;
  private readonly options: UnigramOptions;
  private readonly bytes: ByteTokens | undefined;
  private readonly trie: Trie;
  private readonly ids: Int32Array;
  private readonly scores: Float64Array;

  constructor(options: UnigramOptions) {
    const { pieces, vocabulary } = options;
    this.options = options;
    this.vocabulary = vocabulary;
    this.bytes = options.byteFallback ? new ByteTokens((token) => vocabulary.tokenToId(token)) : undefined;
    this.trie = new Trie(pieces.length * 4);
    this.ids = Int32Array.from(pieces, ({ id }) => id);
    this.scores = Float64Array.from(pieces, ({ score }) => score);
    for (const [index, { text }] of pieces.entries()) this.trie.add(text, index);
    // A text can be cut before "▁" when no piece goes on over it.
    const isMarked = this.trie.get('▁') !== -1;
    if (isMarked && pieces.every(({ text }) => text.indexOf('▁', 1) === -1 || /^▁+[^▁]*$/.test(text)))
      this.cut = cutBeforeMark;
  }

  tokens(word: string): WordTokens {
    const search = new Search(word.length);
    this.advance(word, search, 0, word.length);
    const path = search.bestPath();
    return this.tokensOf(word, path, 0, path.length);
  }

  *tokensInSteps(word: string): Generator<WordTokens, void, undefined> {
    const search = new Search(word.length);
    for (let from = 0; from < word.length;) {
      from = this.advance(word, search, from, Math.min(word.length, from + STRIDE / 4));
      yield NO_TOKENS;
    }
    const path = search.bestPath();
    for (let from = 0; from < path.length; from += STRIDE)
      yield this.tokensOf(word, path, from, Math.min(path.length, from + STRIDE));
  }

  /** Tries all pieces that begin from `from` to at least `to`; returns where it stopped. */
  private advance(word: string, search: Search, from: number, to: number): number {
    const { trie, scores } = this;
    const { best, starts, pieces } = search;
    let index = from;
    while (index < to) {
      const next = index + unitsAt(word, index);
      const sum = best[index];
      let isKnown = false;
      let node = 0;
      // A piece may end in the middle of a pair; such places are never reached.
      for (let end = index; end < word.length && sum > -Infinity;) {
        node = trie.step(node, word.charCodeAt(end));
        if (node === -1) break;
        end += 1;
        const piece = trie.valueAt(node);
        if (piece === -1) continue;
        isKnown ||= end === next;
        if (starts[end] !== -1 && sum + scores[piece] <= best[end]) continue;
        best[end] = sum + scores[piece];
        starts[end] = index;
        pieces[end] = piece;
      }
      if (!isKnown && (starts[next] === -1 || sum + this.options.unkScore > best[next])) {
        best[next] = sum + this.options.unkScore;
        starts[next] = index;
        pieces[next] = -1;
      }
      index = next;
    }
    return index;
  }

  /** The tokens of a part of a path. */
  private tokensOf(word: string, path: Path, from: number, to: number): WordTokens {
    const tokens: number[] = [];
    for (let i = from; i < to; i++) {
      const [piece, start, end] = [path.pieces[i], path.starts[i], path.starts[i + 1]];
      if (piece !== -1) tokens.push(this.ids[piece], start, end);
      else this.addUnknown(tokens, word, start, end);
    }
    return tokens;
  }

  private addUnknown(tokens: number[], word: string, start: number, end: number): void {
    const { unkId } = this.options;
    const bytes = this.bytes?.idsOf(word.slice(start, end));
    if (bytes !== undefined) for (const id of bytes) tokens.push(id, start, end);
    else if (unkId !== undefined) tokens.push(unkId, start, end);
  }
}

/** A word in pieces: piece i goes from `starts[i]` to `starts[i + 1]`. */
interface Path {
  readonly length: number;
  readonly starts: Int32Array;
  /** The pieces; -1 for unknown characters, of which neighbours are one. */
  readonly pieces: Int32Array;
}

/** The best way to each place of a word. */
class Search {
  /** The sum of scores. */
  readonly best: Float64Array;
  /** Where the last piece begins; -1 where no way leads to. */
  readonly starts: Int32Array;
  /** The last piece; -1 for an unknown character. */
  readonly pieces: Int32Array;

  constructor(length: number) {
    this.best = new Float64Array(length + 1);
    this.starts = new Int32Array(length + 1).fill(-1);
    this.pieces = new Int32Array(length + 1).fill(-1);
  }

  /** The best way to the end of the word. */
  bestPath(): Path {
    const total = this.starts.length - 1;
    /** Written from the back, since the way is known from its end. */
    const starts = new Int32Array(total + 1);
    const pieces = new Int32Array(total + 1);
    starts[total] = total;
    let at = total;
    for (let end = total; end > 0; end = this.starts[end]) {
      const piece = this.pieces[end];
      if (piece !== -1 || at === total || pieces[at] !== -1) at -= 1;
      starts[at] = this.starts[end];
      pieces[at] = piece;
    }
    return { length: total - at, starts: starts.subarray(at), pieces: pieces.subarray(at) };
  }
}

function cutBeforeMark(text: string, from: number, to: number): number {
  for (let index = from + 1; index < to; index++) {
    if (text.charCodeAt(index) === MARK && text.charCodeAt(index - 1) !== MARK) return index;
  }
  return to;
}
