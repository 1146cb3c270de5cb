/**
 * A sentencepiece model as a tokenizer.json writes it: sentencepiece's own rules, as far as components of
 * the format can say them.
 */
import type { JsonObject } from '@attn/core';
import { unsupported } from '../errors.ts';
import type { SentencepieceSource } from '../from-files/folder-tokenizer.ts';
import { PIECE_TYPES, type SentencepieceModel } from '../from-files/model-proto.ts';
import { joinsOf, normalPieces, unigramPieces } from '../from-files/sentencepiece-model.ts';
import { MARK } from '../normalizers/sentencepiece.ts';
import { LONGEST_REGEX, MOST_ATOMS } from '../text/regex.ts';
import { unitsAt } from '../text/units.ts';
import { bpeJson } from './models.ts';

/** The normalizer, the pre-tokenizer and the model of a file. Errors: `UNSUPPORTED`, `MALFORMED_FILE`. */
export function sentencepieceParts(source: SentencepieceSource): JsonObject {
  const normalizer = { type: 'Sequence', normalizers: normalizersOf(source.proto) };
  return source.proto.kind === 'unigram'
    ? { normalizer, model: unigramJson(source) }
    : { normalizer, ...bpeParts(source) };
}

// "^" and "$" are the ends of lines in one engine, and those of the text in another. These mean one thing.
const START = String.raw`(?<![\s\S])`;
const END = String.raw`(?![\s\S])`;

/**
 * Rules of the charsmap, then spaces. A mark for the space before the text is put there as a space, so that
 * those that are typed are one run with it.
 */
function normalizersOf(proto: SentencepieceModel): JsonObject[] {
  const { charsmap, addDummyPrefix, removeExtraWhitespaces: removes } = proto;
  const replace = (pattern: JsonObject, content: string): JsonObject => ({
    type: 'Replace',
    pattern,
    content,
  });
  const result: JsonObject[] = [];
  if (charsmap !== undefined)
    result.push({ type: 'Precompiled', precompiled_charsmap: base64(charsmap.bytes) });
  // Without the look behind, a long run inside of a text would be tried from each of its characters.
  if (removes) result.push(replace({ Regex: `(?<![ ${MARK}])[ ${MARK}]+${END}` }, ''));
  if (removes && !addDummyPrefix) result.push(replace({ Regex: `${START} +` }, ''));
  if (addDummyPrefix) result.push({ type: 'Prepend', prepend: ' ' });
  if (removes) result.push(replace({ Regex: ' {2,}' }, ' '));
  result.push(replace({ String: ' ' }, MARK));
  return result;
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** The list of pieces, each at its id. A piece that is in no text has a score that no way to it is below. */
function unigramJson(source: SentencepieceSource): JsonObject {
  const { proto, vocabulary, unkId } = source;
  const { pieces, least } = unigramPieces(source);
  const unused = (text: string) => [text, Math.min(least, 0) * text.length - 1] as const;
  const vocab = Array.from({ length: vocabulary.idLimit }, (_, id) =>
    unused(vocabulary.idToToken(id) ?? `<no token ${id}>`),
  );
  for (const { text, id, score } of pieces) vocab[id] = [text, score];
  return { type: 'Unigram', unk_id: unkId ?? null, vocab, byte_fallback: proto.byteFallback };
}

/**
 * Merges: of one piece, the ways with the longest first half first. User-defined pieces, which nothing joins
 * or cuts, are words by themselves, taken as the tokens that they are.
 */
function bpeParts({ proto, vocabulary, unkId, file }: SentencepieceSource): JsonObject {
  const normal = new Set(normalPieces(proto.pieces).map(({ text }) => text));
  const merges = [...joinsOf(proto.pieces, (text) => normal.has(text))]
    .sort((a, b) => a.rank - b.rank || b.first.length - a.first.length || b.second.length - a.second.length)
    .map(({ first, second }) => [first, second] as const);
  const userDefined = proto.pieces
    .filter(({ type }) => type === PIECE_TYPES.userDefined)
    .map(({ text }) => text)
    .sort((a, b) => b.length - a.length);
  const Regex = userDefined.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join('|');
  const distinct = new Set(userDefined.join('')).size;
  if (Regex.length > LONGEST_REGEX || distinct > MOST_ATOMS) {
    const message = `its ${userDefined.length} user-defined pieces have ${Regex.length} characters, ${distinct} of them distinct, of which a pattern may have ${LONGEST_REGEX} and ${MOST_ATOMS}`;
    throw unsupported(file, message);
  }
  const model = bpeJson({
    vocabulary,
    merges,
    unkToken: unkId === undefined ? undefined : vocabulary.idToToken(unkId),
    fuseUnk: true,
    byteFallback: proto.byteFallback,
    ignoreMerges: userDefined.some((text) => text.length > unitsAt(text, 0)),
  });
  return userDefined.length === 0
    ? { model }
    : { pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }, model };
}
