/** The models that sentencepiece itself runs, of the pieces of a file. */
import { malformed } from '../errors.ts';
import { Bpe } from '../models/bpe.ts';
import { MergeBuilder } from '../models/merges.ts';
import { Unigram, type UnigramPiece } from '../models/unigram.ts';
import type { WordModel } from '../models/word-model.ts';
import type { Trie } from '../text/trie.ts';
import { unitsAt } from '../text/units.ts';
import type { SentencepieceSource } from './folder-tokenizer.ts';
import { PIECE_TYPES, type ModelPiece } from './model-proto.ts';

/**
 * The model of a file.
 * @param userDefined the user-defined pieces, with their ids. Errors: `MALFORMED_FILE`
 */
export function sentencepieceModel(source: SentencepieceSource, userDefined: Trie): WordModel {
  if (source.proto.kind === 'bpe') return bpeOf(source, userDefined);
  const { proto, vocabulary, unkId } = source;
  const { pieces, least } = unigramPieces(source);
  return new Unigram({ vocabulary, pieces, unkId, unkScore: least - 10, byteFallback: proto.byteFallback });
}

/**
 * The pieces that texts are made of, and the least score of a normal one. Control pieces and unused ones
 * are in no text. Errors: `MALFORMED_FILE`.
 */
export function unigramPieces({ proto, vocabulary, file }: SentencepieceSource): {
  readonly pieces: readonly UnigramPiece[];
  readonly least: number;
} {
  let [least, most] = [Infinity, -Infinity];
  for (const { score } of normalPieces(proto.pieces)) {
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  if (least === Infinity) throw malformed(file, 'the model has no pieces that texts are made of');
  const bytes = new TextEncoder();
  const pieces = proto.pieces.flatMap(({ text, score, type }) => {
    const id = vocabulary.tokenToId(text) ?? 0;
    if (type === PIECE_TYPES.normal) return { text, id, score };
    // A user-defined piece wins over any way to make its text of others.
    const own = bytes.encode(text).length * most - 0.1;
    return type === PIECE_TYPES.userDefined ? { text, id, score: own } : [];
  });
  return { pieces, least };
}

/** A way to make a piece of two symbols. */
export interface Join {
  readonly first: string;
  readonly second: string;
  readonly piece: string;
  /** Pieces of a higher score have a lower rank. */
  readonly rank: number;
}

/** All ways to make normal pieces of two symbols that there are, the piece of the highest score first. */
export function* joinsOf(
  pieces: readonly ModelPiece[],
  isSymbol: (text: string) => boolean,
): Generator<Join, void, undefined> {
  let [rank, last] = [0, NaN];
  for (const { text, score } of normalPieces(pieces).sort((a, b) => b.score - a.score)) {
    if (score !== last) rank += 1;
    last = score;
    for (let at = unitsAt(text, 0); at < text.length; at += unitsAt(text, at)) {
      const [first, second] = [text.slice(0, at), text.slice(at)];
      if (isSymbol(first) && isSymbol(second)) yield { first, second, piece: text, rank };
    }
  }
}

/** The normal pieces. */
export function normalPieces(pieces: readonly ModelPiece[]): ModelPiece[] {
  return pieces.filter(({ type }) => type === PIECE_TYPES.normal);
}

/**
 * Any two symbols are joined whose texts together are a piece, the piece of the highest score first.
 * Characters that are no pieces are symbols, too.
 */
function bpeOf({ proto, vocabulary, unkId }: SentencepieceSource, userDefined: Trie): Bpe {
  const normal = normalPieces(proto.pieces);
  const symbols = new Map(normal.map(({ text }) => [text, vocabulary.tokenToId(text) ?? 0]));
  const extraSymbols = new Map<string, number>();
  for (const { text } of normal) {
    for (const character of text) {
      if (symbols.has(character)) continue;
      const id = vocabulary.idLimit + extraSymbols.size;
      extraSymbols.set(character, id);
      symbols.set(character, id);
    }
  }
  const idOf = (text: string) => symbols.get(text) ?? 0;
  const builder = new MergeBuilder(normal.reduce((sum, { text }) => sum + text.length, 0));
  for (const { first, second, piece, rank } of joinsOf(normal, (text) => symbols.has(text)))
    builder.add(first, idOf(first), second, idOf(second), rank, idOf(piece));
  for (const { text, type } of proto.pieces) if (type === PIECE_TYPES.userDefined) builder.keepWhole(text);
  return new Bpe({
    vocabulary,
    ...builder.finish(),
    unkId,
    fuseUnk: true,
    byteFallback: proto.byteFallback,
    frozen: userDefined.isEmpty ? undefined : userDefined,
    extraSymbols,
  });
}
