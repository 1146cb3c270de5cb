/** Text to ids through @huggingface/tokenizers, which is loaded only when a model has a tokenizer.json and somebody needs it. */
import { AttnError, show } from '@attn/core';
import { readJson, type FileStore } from './files/file-store.ts';

/** A text as a model sees it. */
export interface TokenizedText {
  /** With the special tokens around it. */
  readonly ids: readonly number[];
  /** Of `ids`: how many special tokens stand before and after the text's own. */
  readonly before: number;
  readonly after: number;
}

/** Texts to ids. */
export interface TextTokenizer {
  encode(text: string): TokenizedText;
  /** The text of ids, without special tokens. */
  decode(ids: readonly number[]): string;
}

const WHERE = 'models/tokenizer';

/** Longest tokenizer.json that is believed, in bytes. */
const LIMIT = 256 * 2 ** 20;

/**
 * The tokenizer of a checkpoint; undefined when it has no tokenizer.json.
 * @throws AttnError `MALFORMED_FILE`; `INVALID_ARGUMENT` when @huggingface/tokenizers is not installed
 */
export async function readTokenizer(store: FileStore): Promise<TextTokenizer | undefined> {
  const tokenizer = await readJson(store, 'tokenizer.json', LIMIT);
  if (tokenizer === undefined) return undefined;
  const config = (await readJson(store, 'tokenizer_config.json', LIMIT)) ?? {};
  const { Tokenizer } = await import('@huggingface/tokenizers').catch((cause: unknown) => {
    const message = '@huggingface/tokenizers could not be loaded; npm install @huggingface/tokenizers';
    throw new AttnError('INVALID_ARGUMENT', WHERE, message, { cause });
  });
  try {
    const inner = new Tokenizer(tokenizer, config);
    const plain = (text: string): readonly number[] => inner.encode(text, { add_special_tokens: false }).ids;
    return {
      encode: (text) => {
        const { ids } = inner.encode(text);
        return { ids, ...surroundings(ids, plain(text)) };
      },
      decode: (ids) => inner.decode([...ids], { skip_special_tokens: true }),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttnError(
      'MALFORMED_FILE',
      WHERE,
      `tokenizer.json of ${store.name} was refused: ${reason.slice(0, 160)}`,
      { cause },
    );
  }
}

/** Where the text's own ids stand among all. */
function surroundings(ids: readonly number[], own: readonly number[]): { before: number; after: number } {
  const extra = ids.length - own.length;
  for (let before = 0; before <= extra; before++) {
    if (own.every((id, i) => ids[before + i] === id)) return { before, after: extra - before };
  }
  throw new AttnError(
    'INTERNAL',
    WHERE,
    `special tokens must stand around a text, got ${show(ids)} for ${show(own)}`,
  );
}
