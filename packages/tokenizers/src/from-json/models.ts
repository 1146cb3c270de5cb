/** The models of tokenizer.json. */
import { show } from '@attn/core/backend';
import { malformed, unsupported } from '../errors.ts';
import { Bpe } from '../models/bpe.ts';
import { MergeBuilder } from '../models/merges.ts';
import { Unigram, type UnigramPiece } from '../models/unigram.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { WordLevel } from '../models/word-level.ts';
import type { WordModel } from '../models/word-model.ts';
import { WordPiece } from '../models/word-piece.ts';
import { LONGEST_ENTRY } from '../text/trie.ts';
import { MOST_IDS, type Fields } from './fields.ts';

/** The model that an object describes. Errors: `UNSUPPORTED` for an unknown type, `MALFORMED_FILE`. */
export function readModel(fields: Fields): WordModel {
  const type = fields.textOrAbsent('type') ?? typeOf(fields);
  switch (type) {
    case 'BPE':
      return readBpe(fields);
    case 'WordPiece':
      return readWordPiece(fields);
    case 'Unigram':
      return readUnigram(fields);
    case 'WordLevel': {
      const vocabulary = new Vocabulary(readVocabulary(fields));
      return new WordLevel(vocabulary, vocabulary.tokenToId(fields.text('unk_token', '<unk>')));
    }
    default:
      throw unsupported(fields.file, `there is no model of the type ${JSON.stringify(type.slice(0, 60))}`);
  }
}

/** Old files do not say. */
function typeOf(fields: Fields): string {
  if (fields.raw('merges') !== undefined) return 'BPE';
  if (Array.isArray(fields.raw('vocab'))) return 'Unigram';
  return fields.raw('continuing_subword_prefix') === undefined ? 'WordLevel' : 'WordPiece';
}

/** An object of tokens and ids. */
export function readVocabulary(fields: Fields, name = 'vocab'): Map<string, number> {
  const child = fields.child(name);
  if (child === undefined) throw fields.wrong(name, 'an object of tokens and their ids', undefined);
  return readIds(child);
}

/** Entries of tokens and ids. Errors: `MALFORMED_FILE`. */
export function readIds(fields: Fields): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [token, id] of fields.entries()) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MOST_IDS)
      throw malformed(
        fields.file,
        `the id of ${show(token)} must be an integer from 0 to ${MOST_IDS}, got ${show(id)}`,
      );
    ids.set(token, id);
  }
  return ids;
}

function readBpe(fields: Fields): Bpe {
  const vocabulary = new Vocabulary(readVocabulary(fields));
  const unkToken = fields.textOrAbsent('unk_token');
  const prefix = fields.text('continuing_subword_prefix', '');
  const pairs = fields.list('merges').map((entry, i) => readMerge(fields, entry, i));
  return new Bpe({
    vocabulary,
    ...mergeTables(vocabulary, pairs, prefix, fields.file),
    unkId: unkToken === undefined ? undefined : vocabulary.tokenToId(unkToken),
    fuseUnk: fields.flag('fuse_unk', false),
    byteFallback: fields.flag('byte_fallback', false),
    ignoreMerges: fields.flag('ignore_merges', false),
    continuingPrefix: prefix,
    endSuffix: fields.text('end_of_word_suffix', ''),
  });
}

/** A merge is a pair, or a text with one space in it. */
function readMerge(fields: Fields, entry: unknown, i: number): readonly [string, string] {
  const pair: unknown = typeof entry === 'string' ? entry.split(' ') : entry;
  if (Array.isArray(pair) && pair.length === 2) {
    const [first, second] = pair as readonly unknown[];
    if (typeof first === 'string' && typeof second === 'string' && first !== '' && second !== '')
      return [first, second];
  }
  throw fields.wrong(`merges[${i}]`, 'two tokens', entry);
}

/**
 * The merges of pairs, in the order of their ranks. Errors: `MALFORMED_FILE` for tokens that there are not.
 */
export function mergeTables(
  vocabulary: Vocabulary,
  pairs: readonly (readonly [string, string])[],
  prefix: string,
  file: string,
): ReturnType<MergeBuilder['finish']> {
  const builder = new MergeBuilder(pairs.length);
  for (const [rank, [first, second]] of pairs.entries()) {
    const idOf = (token: string) => {
      const id = vocabulary.tokenToId(token);
      if (id !== undefined) return id;
      throw malformed(
        file,
        `merge ${rank} of ${show(first)} and ${show(second)} needs the token ${show(token)}, which the vocabulary lacks`,
      );
    };
    const result = idOf(first + second.slice(prefix.length));
    builder.add(first, idOf(first), second, idOf(second), rank, result);
  }
  return builder.finish();
}

function readWordPiece(fields: Fields): WordPiece {
  const vocabulary = new Vocabulary(readVocabulary(fields));
  const unkToken = fields.text('unk_token', '[UNK]');
  const unkId = vocabulary.tokenToId(unkToken);
  if (unkId === undefined) throw fields.wrong('unk_token', 'a token of the vocabulary', unkToken);
  return new WordPiece({
    vocabulary,
    unkId,
    continuingPrefix: fields.text('continuing_subword_prefix', '##'),
    maxCharacters: fields.integer('max_input_chars_per_word') ?? 100,
  });
}

function readUnigram(fields: Fields): Unigram {
  const ids = new Map<string, number>();
  const pieces: UnigramPiece[] = [];
  let least = Infinity;
  for (const [id, entry] of fields.list('vocab').entries()) {
    const [text, score] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (typeof text !== 'string' || typeof score !== 'number' || !Number.isFinite(score))
      throw fields.wrong(`vocab[${id}]`, 'a piece and its score', entry);
    if (text.length > LONGEST_ENTRY)
      throw fields.wrong(`vocab[${id}]`, `a piece of at most ${LONGEST_ENTRY} characters`, text);
    ids.set(text, id);
    pieces.push({ text, id, score });
    least = Math.min(least, score);
  }
  const unkId = fields.integer('unk_id');
  if (unkId !== undefined && unkId >= pieces.length)
    throw fields.wrong('unk_id', `the id of one of the ${pieces.length} pieces`, unkId);
  return new Unigram({
    vocabulary: new Vocabulary(ids),
    pieces,
    unkId,
    unkScore: least - 10,
    byteFallback: fields.flag('byte_fallback', false),
  });
}
