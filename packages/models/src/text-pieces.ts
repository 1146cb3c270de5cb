/**
 * Cuts a text so that its pieces have the ids of the whole. Whether that is possible
 * depends on every part of a tokenizer: texts are only cut if no part of the
 * tokenizer.json can see further than a word. Texts of any other tokenizer are one piece.
 *
 * Cuts are before a single space between two visible characters. A pre-tokenizer
 * that splits at spaces splits there in any case; Unicode normalisation never joins
 * a space to the character before it; and nothing on the left depends on the right.
 */
import type { JsonObject } from '@attn/core';

/** Fewest characters of a piece: about ten milliseconds of work. */
const PIECE = 4_096;

/**
 * A place to cut, between letters, digits and ASCII punctuation: a
 * normalizer neither removes these characters nor makes spaces of them.
 */
const CUT = String.raw`[\p{L}\p{N}!-~] (?=[\p{L}\p{N}!-~])`;

/** Yields the pieces of a text in order. Together they are the text. */
export function* textPieces(
  text: string,
  { canCut, least = PIECE }: { readonly canCut: boolean; readonly least?: number },
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

/** True when texts may be cut for this tokenizer. */
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

/** The parts of a sequence, or a single part as a list. */
function flat(part: unknown, name: string): readonly JsonObject[] {
  if (!isObject(part)) return [];
  return part.type === 'Sequence' ? listOf(part[name]).flatMap((inner) => flat(inner, name)) : [part];
}

/** True for a normalizer that maps single characters, or strings without spaces. */
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
      // Texts are never cut within a run of spaces, so a rule that collapses runs sees whole runs.
      if (pattern.Regex === ' {2,}') return true;
      return typeof pattern.String === 'string' && pattern.String !== '' && !/\s/.test(pattern.String);
    }
    default:
      return false;
  }
}

/** True for a pre-tokenizer that splits at spaces and drops them. */
function dropsSpaces({ type }: JsonObject): boolean {
  return type === 'BertPreTokenizer' || type === 'Whitespace' || type === 'WhitespaceSplit';
}

/** True for GPT-2's pre-tokenizer, in which a space belongs to the word after it. */
function isByteLevel([{ type, use_regex: splits = true }, ...others]: readonly JsonObject[]): boolean {
  return type === 'ByteLevel' && splits === true && others.length === 0;
}

/**
 * True for SentencePiece's way: a space becomes a mark before a word, and every word has a mark.
 * No token may then contain the mark of another word, because nothing else may split the text.
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
 * True for a model that splits each word by itself. A model that joins unknown
 * characters with their neighbours qualifies only if every word begins with its mark.
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

/** True for an added token that lies within a word and takes no spaces after it. */
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
