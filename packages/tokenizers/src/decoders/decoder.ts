/**
 * What a decoder is: it makes the texts of tokens of their names. All texts together are the decoded text.
 */
import { byteOf } from '../text/byte-letters.ts';
import { bytesOf } from '../text/characters.ts';
import { finish } from '../steps.ts';
import type { Matcher } from '../text/pattern.ts';
import type { PrependScheme } from '../pre-tokenizers/metaspace.ts';

/** Makes texts of tokens. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

/** Several decoders, one after the other. */
export function inOrder(decoders: readonly Decoder[]): Decoder {
  return (tokens) => decoders.reduce((texts, decoder) => decoder(texts), tokens);
}

/** Tokens with spaces between them, where a tokenizer has no decoder. */
export const spaced: Decoder = (tokens) => [tokens.join(' ')];

/** `Fuse`: all texts as one. */
export const fuse: Decoder = (tokens) => [tokens.join('')];

/** `ByteLevel`: bytes of GPT-2's letters. What is no UTF-8 becomes U+FFFD. */
export const byteLevelDecoder: Decoder = (tokens) => {
  const bytes: number[] = [];
  for (const token of tokens) {
    const own = Array.from(token, byteOf);
    // An added token is written as it is.
    for (const byte of own.every((value) => value !== undefined) ? own : bytesOf(token))
      bytes.push(byte ?? 0);
  }
  return [new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
};

/** `ByteFallback`: characters of runs of byte tokens; each byte of what is no UTF-8 becomes U+FFFD. */
export const byteFallbackDecoder: Decoder = (tokens) => {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) texts.push(textOfBytes(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([\dA-Fa-f]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) {
      bytes.push(Number.parseInt(byte, 16));
    } else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
};

function textOfBytes(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}

/** `WordPiece`: words with spaces between them; `cleanup` takes the space before marks away. */
export function wordPieceDecoder(prefix: string, cleanup: boolean): Decoder {
  return (tokens) =>
    tokens.map((token, i) => {
      const isInside = prefix !== '' && token.startsWith(prefix);
      const text = i === 0 ? token : isInside ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? cleaned(text) : text;
    });
}

/** What `cleaned` replaces, in this order, and by what. */
export const CLEANINGS: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** English punctuation and contractions without the space before them. */
export function cleaned(text: string): string {
  return CLEANINGS.reduce((result, [spaced, close]) => result.replaceAll(spaced, close), text);
}

/** `Metaspace`: spaces for marks, none for the mark that was put before the text. */
export function metaspaceDecoder(replacement: string, prependScheme: PrependScheme): Decoder {
  return (tokens) =>
    tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prependScheme !== 'never' ? '' : ' '));
}

/** `BPEDecoder`: a space for the end of each word but the last. */
export function bpeDecoder(suffix: string): Decoder {
  return (tokens) =>
    tokens.map((token, i) =>
      suffix === '' ? token : token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '),
    );
}

/** `Strip`: without up to so many of a character at the start and at the end. */
export function stripDecoder(content: string, atStart: number, atEnd: number): Decoder {
  return (tokens) =>
    tokens.map((token) => {
      let [from, to] = [0, token.length];
      for (let n = 0; n < atStart && token.startsWith(content, from) && content !== ''; n++)
        from += content.length;
      for (let n = 0; n < atEnd && to > from && content !== '' && token.slice(0, to).endsWith(content); n++)
        to -= content.length;
      return token.slice(from, Math.max(from, to));
    });
}

/** `Replace`: a text in the place of each match. */
export function replaceDecoder(matcher: Matcher, content: string): Decoder {
  return (tokens) =>
    tokens.map((token) => {
      let text = '';
      let done = 0;
      const matches = finish(matcher(token))(0, token.length);
      for (let match = matches.next(); match !== undefined; match = matches.next()) {
        text += token.slice(done, match.start) + content;
        done = match.end;
      }
      return text + token.slice(done);
    });
}

/** `CTC`: without repetitions and blanks. */
export function ctcDecoder(padToken: string, wordDelimiter: string, cleanup: boolean): Decoder {
  return (tokens) =>
    tokens
      .filter((token, i) => token !== tokens[i - 1])
      .map((token) => {
        const text = padToken === '' ? token : token.replaceAll(padToken, '');
        return cleanup ? cleaned(text).replaceAll(wordDelimiter, ' ') : text;
      })
      .filter((text) => text !== '');
}
