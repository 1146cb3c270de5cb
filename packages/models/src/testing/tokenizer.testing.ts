/**
 * A byte-level tokenizer like RoBERTa's, small enough to read: each
 * lower-case letter and the space is a token, with ids from 4.
 */
import type { JsonObject } from '@attn/core';

const SPECIAL = ['<s>', '<pad>', '</s>', '<unk>'];
const LETTERS = [...'Ġabcdefghijklmnopqrstuvwxyz.'];

/** The id of a letter; `Ġ` is the space. */
export function letterId(letter: string): number {
  return SPECIAL.length + LETTERS.indexOf(letter === ' ' ? 'Ġ' : letter);
}

/** A special token in the form of tokenizer.json; `more` replaces fields. */
export function specialToken(content: string, id: number, more: JsonObject = {}): JsonObject {
  return {
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
    ...more,
  };
}

/** The tokenizer.json of a tokenizer of single letters. */
export function letterTokenizer(): JsonObject {
  const vocab = Object.fromEntries([...SPECIAL, ...LETTERS].map((token, id) => [token, id]));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => specialToken(content, id)),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', 2],
      cls: ['<s>', 0],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', dropout: null, unk_token: '<unk>', vocab, merges: [] },
  };
}
