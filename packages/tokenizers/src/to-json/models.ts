/** Models as a tokenizer.json writes them. */
import type { JsonObject } from '@attn/core';
import type { Vocabulary } from '../models/vocabulary.ts';
import type { WordPieceOptions } from '../models/word-piece.ts';

/** What a BPE model consists of. What is absent is not used. */
export interface BpeParts {
  readonly vocabulary: Vocabulary;
  /** The pairs that are joined, the first of them first. */
  readonly merges: readonly (readonly [string, string])[];
  readonly unkToken?: string;
  readonly fuseUnk?: boolean;
  readonly byteFallback?: boolean;
  readonly ignoreMerges?: boolean;
}

/** A BPE model. */
export function bpeJson(parts: BpeParts): JsonObject {
  const { vocabulary, merges, unkToken = null } = parts;
  const { fuseUnk = false, byteFallback = false, ignoreMerges = false } = parts;
  return {
    type: 'BPE',
    dropout: null,
    unk_token: unkToken,
    continuing_subword_prefix: '',
    end_of_word_suffix: '',
    fuse_unk: fuseUnk,
    byte_fallback: byteFallback,
    ignore_merges: ignoreMerges,
    vocab: Object.fromEntries(vocabulary.entries()),
    merges,
  };
}

/** A WordPiece model. */
export function wordPieceJson(options: WordPieceOptions): JsonObject {
  const { vocabulary, unkId, continuingPrefix, maxCharacters } = options;
  return {
    type: 'WordPiece',
    unk_token: vocabulary.idToToken(unkId),
    continuing_subword_prefix: continuingPrefix,
    max_input_chars_per_word: maxCharacters,
    vocab: Object.fromEntries(vocabulary.entries()),
  };
}
