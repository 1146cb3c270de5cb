/**
 * Turns texts into ids with @huggingface/tokenizers, which is loaded only when a model has a tokenizer.json.
 */
import { AttnError } from '@attn/core';
import { aString, checkArgument, show } from '@attn/core/backend';
import type { Tokenizer } from '@huggingface/tokenizers';
import { readJson, type FileStore } from './files/file-store.ts';
import { readIntegerList } from './inputs/integers.ts';
import { cutsAtSpaces, textPieces } from './text-pieces.ts';

/** A text as a model sees it. */
export interface TokenizedText {
  /** Ids of the text, with the special tokens around it. */
  readonly ids: readonly number[];
  /** How many of `ids` are special tokens before the text. */
  readonly before: number;
  /** How many of `ids` are special tokens after the text. */
  readonly after: number;
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

/** Longest tokenizer.json that is read, in bytes. */
const LIMIT = 256 * 2 ** 20;

/**
 * The tokenizer of a checkpoint; undefined when it has no tokenizer.json.
 *
 * Errors: `MALFORMED_FILE`; `INVALID_ARGUMENT` when @huggingface/tokenizers cannot be loaded.
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
    return new JsonTokenizer(new Tokenizer(tokenizer, config), { canCut: cutsAtSpaces(tokenizer, config) });
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

/**
 * The tokenizer of a tokenizer.json. It encodes each piece of a text
 * once, and puts the special tokens around all of them.
 */
class JsonTokenizer implements TextTokenizer {
  private readonly inner: Tokenizer;
  private readonly canCut: boolean;
  private special: { readonly before: readonly number[]; readonly after: readonly number[] } | undefined;

  constructor(inner: Tokenizer, { canCut }: { readonly canCut: boolean }) {
    this.inner = inner;
    this.canCut = canCut;
  }

  encode(text: string): TokenizedText {
    const steps = this.encodeSteps(text);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  *encodeSteps(text: string): Generator<number, TokenizedText, undefined> {
    checkArgument(WHERE, 'text', text, aString);
    const own: (readonly number[])[] = [];
    let done = 0;
    for (const piece of textPieces(text, { canCut: this.canCut })) {
      if (done > 0) yield done;
      own.push(this.plain(piece));
      done += piece.length;
    }
    const { before, after } = (this.special ??= this.specialTokens());
    return { ids: [before, ...own, after].flat(), before: before.length, after: after.length };
  }

  decode(ids: readonly number[]): string {
    const checked = readIntegerList({ where: WHERE, name: 'ids' }, ids);
    return checked.length === 0 ? '' : this.inner.decode([...checked], { skip_special_tokens: true });
  }

  private plain(text: string): readonly number[] {
    try {
      return this.inner.encode(text, { add_special_tokens: false }).ids;
    } catch (cause) {
      // The library recurses and spreads arrays: it cannot encode a piece of a million characters.
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `${text.length} characters that cannot be cut at a space could not be tokenized: ${reason.slice(0, 120)}`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message, { cause });
    }
  }

  /** The special tokens around any text, found by encoding one letter. */
  private specialTokens(): { readonly before: readonly number[]; readonly after: readonly number[] } {
    const { ids } = this.inner.encode('a');
    const own = this.plain('a');
    for (let at = 0; at <= ids.length - own.length; at++) {
      if (own.every((id, i) => ids[at + i] === id))
        return { before: ids.slice(0, at), after: ids.slice(at + own.length) };
    }
    const message = `special tokens must stand around a text, got ${show(ids)} for ${show(own)}`;
    throw new AttnError('INTERNAL', WHERE, message);
  }
}
