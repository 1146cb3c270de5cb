/** The tokenizer.json of a folder that has none. */
import type { JsonObject } from '@attn/core';
import { readEntries } from '@attn/core/backend';
import type { AddedToken } from '../added-tokens.ts';
import { WHERE } from '../errors.ts';
import { Folder, type TokenizerFiles } from '../from-files/folder.ts';
import type { ModelSource } from '../from-files/folder-tokenizer.ts';
import { readFolder } from '../from-files/from-files.ts';
import { bpeJson, wordPieceJson } from './models.ts';
import { sentencepieceParts } from './sentencepiece.ts';

/**
 * What a tokenizer.json says of a checkpoint's folder: Hugging Face's libraries, and `tokenizerFromJson`,
 * make the tokenizer of it that `tokenizerFromFiles` makes of the folder. A tokenizer.json that is there is
 * given as it is.
 * @param files the files that there are, by their names: `tokenizerFileNames()` lists them
 * @throws AttnError those of `tokenizerFromFiles`
 * @example
 * const json = tokenizerJson({
 *   'config.json': '{ "model_type": "longformer" }',
 *   'vocab.json': await readFile('longformer/vocab.json', 'utf8'),
 *   'merges.txt': await readFile('longformer/merges.txt', 'utf8'),
 * });
 * await writeFile('longformer/tokenizer.json', JSON.stringify(json));
 */
export function tokenizerJson(files: TokenizerFiles): JsonObject {
  const folder = new Folder(readEntries(WHERE, 'files', files));
  const json = folder.json('tokenizer.json');
  if (json !== undefined) return Object.fromEntries(json.entries()) as JsonObject;
  const { components, own, source } = readFolder(folder);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    // Tokens that the model lacks get their ids in this order.
    added_tokens: own.added.toSorted((a, b) => a.id - b.id).map(addedTokenJson),
    normalizer: null,
    pre_tokenizer: null,
    ...components,
    ...partsOf(source),
  };
}

function addedTokenJson(token: AddedToken): JsonObject {
  const { id, content, singleWord, lstrip, rstrip, normalized, special } = token;
  return { id, content, single_word: singleWord, lstrip, rstrip, normalized, special };
}

/** The model, and the components that are its own. */
function partsOf(source: ModelSource): JsonObject {
  switch (source.kind) {
    case 'bpe':
      return { model: bpeJson(source) };
    case 'word-piece':
      return { model: wordPieceJson(source.options) };
    case 'sentencepiece':
      return sentencepieceParts(source);
    default:
      return source satisfies never;
  }
}
