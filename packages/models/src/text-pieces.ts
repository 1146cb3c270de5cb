/**
 * Where a text may be cut so that its pieces have the ids of the whole. That depends on every part of a
 * tokenizer, so a tokenizer.json is only cut where all of its parts are known to see no further than a word;
 * texts of any other tokenizer are one piece.
 *
 * Cuts are before a single space between two visible characters. There a pre-tokenizer that splits at spaces
 * splits in any case; normal forms of Unicode never join a space to what is before it; and nothing on the
 * left depends on what is on the right.
 */
import type { JsonObject } from '@attn/core';

/** Characters of a piece, at least: some ten milliseconds of work. */
const PIECE = 4_096;

/** Letters, digits and ASCII's marks: no character that a normalizer might remove or make a space of. */
const CUT = String.raw`[\p{L}\p{N}!-~] (?=[\p{L}\p{N}!-~])`;

/** The pieces of a text, in order; together they are the text. */
export function* textPieces(
  text: string,
  canCut: boolean,
  least: number = PIECE,
): Generator<string, void, undefined> {
  const cuts = new RegExp(CUT, 'gu');
  let start = 0;
  while (canCut && start + least < text.length) {
    cuts.lastIndex = start + least;
    if (cuts.exec(text) === null) break;
    const end = cuts.lastIndex - 1; // before the space
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

/** Whether texts of this tokenizer may be cut. */
export function cutsAtSpaces(tokenizer: JsonObject, config: JsonObject): boolean {
  const { normalizer, pre_tokenizer: preTokenizer, model, added_tokens: addedTokens } = tokenizer;
  const steps = flat(normalizer, 'normalizers');
  const splits = flat(preTokenizer, 'pretokenizers');
  const losesEdges = config.remove_space === true || steps.some(({ type }) => type === 'Strip');
  return (
    steps.every(isLocalNormalizer) &&
    splits.length > 0 &&
    (splits.every(dropsSpaces) || marksSpaces(splits, model) || (isByteLevel(splits) && !losesEdges)) &&
    hasLocalModel(model, splits) &&
    listOf(addedTokens).every(isLocalToken)
  );
}

/** The parts of a sequence, or the one part. */
function flat(part: unknown, name: string): readonly JsonObject[] {
  if (!isObject(part)) return [];
  return part.type === 'Sequence' ? listOf(part[name]).flatMap((inner) => flat(inner, name)) : [part];
}

/** Maps characters, or marks that are not spaces. */
function isLocalNormalizer({ type, pattern }: JsonObject): boolean {
  switch (type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
    case 'Lowercase':
    case 'StripAccents':
    case 'BertNormalizer':
    case 'Precompiled':
    case 'Strip':
      return true;
    case 'Replace': {
      if (!isObject(pattern)) return false;
      // Runs of spaces are not cut, so that what makes one space of them sees whole ones.
      if (pattern.Regex === ' {2,}') return true;
      return typeof pattern.String === 'string' && pattern.String !== '' && !/\s/.test(pattern.String);
    }
    default:
      return false;
  }
}

/** Splits at spaces and drops them. */
function dropsSpaces({ type }: JsonObject): boolean {
  return type === 'BertPreTokenizer' || type === 'Whitespace' || type === 'WhitespaceSplit';
}

/** GPT-2's own expression, in which a space belongs to the word after it. */
function isByteLevel([{ type, use_regex: splits = true }, ...others]: readonly JsonObject[]): boolean {
  return type === 'ByteLevel' && splits === true && others.length === 0;
}

/**
 * SentencePiece's way: a space is a mark before a word, and every word has one. Where nothing else splits the
 * text, no token may reach over the mark of another word.
 */
function marksSpaces(splits: readonly JsonObject[], model: unknown): boolean {
  const marks = splits.at(-1);
  if (marks?.type !== 'Metaspace') return false;
  const { prepend_scheme: scheme = 'always', replacement = '▁', str_rep: spelling = replacement } = marks;
  const isPlain = scheme === 'always' && replacement === '▁' && (spelling === '▁' || spelling === null);
  const before = splits.slice(0, -1);
  const tokens = vocabulary(model);
  const hasMark = tokens.includes('▁');
  return (
    isPlain &&
    hasMark &&
    before.every(dropsSpaces) &&
    tokens.every((token) => token.lastIndexOf('▁') <= 0 || /^▁+$/.test(token))
  );
}

/**
 * Splits words by themselves; unknown ones that are joined to their neighbours only where a word begins with
 * its mark.
 */
function hasLocalModel(model: unknown, splits: readonly JsonObject[]): boolean {
  if (!isObject(model)) return false;
  const joins = model.type === 'Unigram' || model.fuse_unk === true;
  const isKnown =
    model.type === 'WordPiece' ||
    model.type === 'BPE' ||
    model.type === 'Unigram' ||
    model.type === undefined;
  return isKnown && (!joins || splits.at(-1)?.type === 'Metaspace');
}

/** Within a word, and without a hold on what is after it. */
function isLocalToken(token: unknown): boolean {
  return (
    isObject(token) && typeof token.content === 'string' && !/\s/.test(token.content) && token.rstrip !== true
  );
}

function vocabulary(model: unknown): readonly string[] {
  if (!isObject(model)) return [];
  const { vocab } = model;
  if (Array.isArray(vocab)) return vocab.map((entry: unknown) => String(listOf(entry)[0]));
  return isObject(vocab) ? Object.keys(vocab) : [];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
