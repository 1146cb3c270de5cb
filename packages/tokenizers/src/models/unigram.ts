/**
 * Unigram language models (Kudo 2018, https://arxiv.org/abs/1804.10959): of all ways to write a word in pieces, the
 * one whose scores have the greatest sum.
 */
import { STRIDE, type Steps } from '../steps.ts';
import { unitsAt } from '../text/aligned.ts';
import { Trie } from '../text/trie.ts';
import { ByteTokens } from './byte-tokens.ts';
import type { Vocabulary } from './vocabulary.ts';
import type { WordModel, WordTokens } from './word-model.ts';

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
  readonly idLimit: number;
  readonly cut: ((text: string, from: number, to: number) => number) | undefined;
  private readonly options: UnigramOptions;
  private readonly bytes: ByteTokens | undefined;
  private readonly trie: Trie;
  private readonly ids: Int32Array;
  private readonly scores: Float64Array;

  constructor(options: UnigramOptions) {
    const { pieces, vocabulary } = options;
    this.options = options;
    this.idLimit = vocabulary.idLimit;
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

  tokenToId(token: string): number | undefined {
    return this.options.vocabulary.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.options.vocabulary.idToToken(id);
  }

  entries(): Iterable<readonly [string, number]> {
    return this.options.vocabulary.entries();
  }

  tokens(word: string): WordTokens {
    const search = new Search(word.length);
    this.advance(word, search, 0, word.length);
    return this.bestPath(word, search);
  }

  *tokensInSteps(word: string): Steps<WordTokens> {
    const search = new Search(word.length);
    for (let from = 0; from < word.length;) {
      from = this.advance(word, search, from, Math.min(word.length, from + STRIDE / 4));
      yield;
    }
    return this.bestPath(word, search);
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

  private bestPath(word: string, { starts, pieces }: Search): WordTokens {
    /** The path from its end: end, start, piece; … Neighbouring unknown characters are one. */
    const path: number[] = [];
    for (let end = word.length; end > 0; end = starts[end]) {
      const last = path.length - 1;
      if (pieces[end] === -1 && last > 0 && path[last] === -1) path[last - 1] = starts[end];
      else path.push(end, starts[end], pieces[end]);
    }
    const tokens: number[] = [];
    for (let i = path.length - 3; i >= 0; i -= 3) {
      const [end, start, piece] = [path[i], path[i + 1], path[i + 2]];
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
}

function cutBeforeMark(text: string, from: number, to: number): number {
  for (let index = from + 1; index < to; index++) {
    if (text.charCodeAt(index) === MARK && text.charCodeAt(index - 1) !== MARK) return index;
  }
  return to;
}
