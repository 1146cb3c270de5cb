/**
 * Turns texts into ids with the tokenizer files of a checkpoint. `@attn/tokenizers` is loaded only when a
 * checkpoint has such files.
 */
import { AttnError } from '@attn/core';
import { aString, checkArgument } from '@attn/core/backend';
import type { Encoding, Span, Tokenizer } from '@attn/tokenizers';
import { malformedFile, type FileStore } from './files/file-store.ts';
import { readIntegerList } from './inputs/integers.ts';

/** A text as a model sees it. */
export interface TokenizedText {
  /** Ids of the text, with the special tokens around it. */
  readonly ids: readonly number[];
  /** How many of `ids` are special tokens before the text. */
  readonly before: number;
  /** How many of `ids` are special tokens after the text. */
  readonly after: number;
  /** Where each token lies in the text, in UTF-16 units; null for the special tokens around it. */
  readonly offsets?: readonly (Span | null)[];
}

/** Turns texts into ids, and ids into texts. */
export interface TextTokenizer {
  encode(text: string): TokenizedText;
  /**
   * Encodes in small steps, so that the event loop can turn between them. Yields
   * the number of characters that are done. Default: `encode` is the only step.
   */
  encodeSteps?(text: string): Generator<number, TokenizedText, undefined>;
  /** The text of ids, without special tokens. */
  decode(ids: readonly number[]): string;
}

const WHERE = 'models/tokenizer';

/** Longest file of a tokenizer that is read, in bytes. */
const LIMIT = 256 * 2 ** 20;

/** Files each of which makes a tokenizer, alone or with others. */
const MAIN_FILES = ['tokenizer.json', 'vocab.json', 'vocab.txt', 'spiece.model', 'sentencepiece.bpe.model'];

/**
 * The tokenizer of a checkpoint, of whichever files it has; undefined when it has none.
 *
 * Errors: `MALFORMED_FILE`, `MISSING_INPUT` (vocab.json without merges.txt), `UNSUPPORTED`.
 */
export async function readTokenizer(store: FileStore): Promise<TextTokenizer | undefined> {
  const tokenizer = await openTokenizer(store);
  return tokenizer && new CheckpointTokenizer(tokenizer);
}

/** The tokenizer of `@attn/tokenizers` of a checkpoint's files. Errors: those of `readTokenizer`. */
export async function openTokenizer(store: FileStore): Promise<Tokenizer | undefined> {
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
    return tokenizerFromFiles(files);
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

/** A tokenizer of files, which counts the special tokens around a text. */
class CheckpointTokenizer implements TextTokenizer {
  private readonly inner: Tokenizer;

  constructor(inner: Tokenizer) {
    this.inner = inner;
  }

  encode(text: string): TokenizedText {
    return counted(this.inner.encode(checkArgument(WHERE, 'text', text, aString)));
  }

  *encodeSteps(text: string): Generator<number, TokenizedText, undefined> {
    return counted(yield* this.inner.encodeSteps(checkArgument(WHERE, 'text', text, aString)));
  }

  decode(ids: readonly number[]): string {
    const checked = readIntegerList({ where: WHERE, name: 'ids' }, ids);
    // A model may have more ids than its tokenizer has tokens.
    return this.inner.decode(checked.filter((id) => this.inner.idToToken(id) !== undefined));
  }
}

function counted(encoding: Encoding): TokenizedText {
  const { ids, offsets, special } = encoding;
  const first = special.indexOf(0);
  const before = first < 0 ? special.length : first;
  return { ids, offsets, before, after: first < 0 ? 0 : special.length - 1 - special.lastIndexOf(0) };
}
