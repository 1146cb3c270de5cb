/**
 * Turns texts into ids with the tokenizer files of a checkpoint. `@attn/tokenizers` is loaded only when a
 * checkpoint has such files.
 */
import { AttnError } from '@attn/core';
import type { FromFilesOptions, Span, Tokenizer } from '@attn/tokenizers';
import { malformedFile, type FileStore } from './files/file-store.ts';

/** A text, or a pair of texts. */
export interface TextInput {
  readonly text: string;
  /** A second text: the context of a question, the hypothesis of a premise. */
  readonly pair?: string;
}

/** A text, or a pair of texts, as a model sees it: columns with an entry for each token. */
export interface TokenizedText {
  /** Ids, with the special tokens around the texts. */
  readonly ids: readonly number[];
  /**
   * Which text each token is of: 0, 1 for tokens of a pair's second text, null for the special tokens around
   * the texts. A tokenizer that takes pairs must give it for them. Default: what `special` says.
   */
  readonly sequences?: readonly (0 | 1 | null)[];
  /** 1 for the special tokens around a text. It is not read where there are `sequences`. Default: 0. */
  readonly special?: readonly number[];
  /** Token types. A model of fewer than two does not see them. Default: 0. */
  readonly typeIds?: readonly number[];
  /** Where each token lies in its text, in UTF-16 units; null for the special tokens around the texts. */
  readonly offsets?: readonly (Span | null)[];
  /**
   * The number, in its text, of the word that each token is of; null for the special tokens around the texts.
   * Tokens of a word stand together.
   */
  readonly words?: readonly (number | null)[];
}

/**
 * A text or a pair with its tokens, as `tokenize` of a model makes them. The same model does not tokenize it
 * again, unless the call has another prompt.
 */
export interface TokenizedInput extends TextInput {
  /** The tokens, those of the prompt included. */
  readonly tokens: TokenizedText;
  /** The prompt that stands before the text in `tokens`; empty for none. */
  readonly prompt: string;
}

/**
 * Turns texts into ids, and ids into texts. A `Tokenizer` of `@attn/tokenizers` is one.
 *
 * @example
 * const tokenizer: TextTokenizer = {
 *   encode: (text) => ({ ids: Array.from(text, (letter) => letter.charCodeAt(0)) }),
 *   decode: (ids) => String.fromCharCode(...ids),
 * };
 */
export interface TextTokenizer {
  /** A tokenizer that does not take pairs ignores `pair`; what it returns then has no `sequences`. */
  encode(text: string, options?: Pick<TextInput, 'pair'>): TokenizedText;
  /**
   * Encodes in small steps, so that the event loop can turn between them. Yields the
   * number of characters of the texts that are done. Default: `encode` is the only step.
   */
  encodeSteps?(text: string, options?: Pick<TextInput, 'pair'>): Generator<number, TokenizedText, undefined>;
  /** The text of ids, without special tokens unless `skipSpecialTokens` is false. */
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
  /** The token of an id; undefined for an id that only the model has, which is then not decoded. */
  idToToken?(id: number): string | undefined;
  /** The id of the token for what is unknown. */
  readonly unkId?: number | undefined;
  /** What tokens begin with that go on a word, such as `##`; undefined where there is no such mark. */
  readonly continuingPrefix?: string | undefined;
}

/** The ids that have a text: a model may have more ids than its tokenizer has tokens. */
export function idsWithText(
  tokenizer: Pick<TextTokenizer, 'idToToken'>,
  ids: readonly number[],
): readonly number[] {
  return ids.filter((id) => !tokenizer.idToToken || tokenizer.idToToken(id) !== undefined);
}

const WHERE = 'models/tokenizer';

/** Longest file of a tokenizer that is read, in bytes. */
const LIMIT = 256 * 2 ** 20;

/** Files each of which makes a tokenizer, alone or with others. */
const MAIN_FILES = ['tokenizer.json', 'vocab.json', 'vocab.txt', 'spiece.model', 'sentencepiece.bpe.model'];

/**
 * The tokenizer of a checkpoint, of whichever files it has; undefined when it has none. `lowerCase` as in
 * `tokenizerFromFiles`.
 *
 * Errors: `MALFORMED_FILE`, `MISSING_INPUT` (vocab.json without merges.txt), `UNSUPPORTED`.
 */
export async function openTokenizer(
  store: FileStore,
  options: FromFilesOptions = {},
): Promise<Tokenizer | undefined> {
  const files: Record<string, Uint8Array> = {};
  const read = async (name: string): Promise<boolean> => {
    const bytes = files[name] ?? (await store.bytes(name, LIMIT));
    if (bytes !== undefined) files[name] = bytes;
    return bytes !== undefined;
  };
  const main = await firstOf(MAIN_FILES, read);
  if (main === undefined) return undefined;
  const { tokenizerFileNames, tokenizerFromFiles } = await import('@attn/tokenizers');
  for (const name of tokenizerFileNames({ besideJson: main === 'tokenizer.json' })) await read(name);
  try {
    return tokenizerFromFiles(files, options);
  } catch (error) {
    if (!(error instanceof AttnError)) throw error;
    const { code, sentence } = error;
    if (code === 'MALFORMED_FILE')
      throw malformedFile(store, main, `was refused: ${sentence}`, { cause: error });
    throw new AttnError(code, WHERE, `the tokenizer of ${store.name}: ${sentence}`, { cause: error });
  }
}

async function firstOf(
  names: readonly string[],
  test: (name: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const name of names) if (await test(name)) return name;
  return undefined;
}
