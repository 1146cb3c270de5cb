/** What happens to texts that are longer than the model: windows with a warning, or an error. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { TokenizedText } from '../tokenizer.ts';
import { isPair, repeatedOf, windowsOf, type TextWindow } from './windows.ts';

/** Options of `cutTexts`; those of `encode`. */
export interface CutOptions {
  readonly maxLength: number;
  readonly onLongText: 'split' | 'throw';
  readonly overlap: number | undefined;
  readonly onWarning: (message: string) => void;
}

/** Cuts all texts into windows. Errors: `INVALID_ARGUMENT`. */
export function cutTexts(
  where: string,
  texts: readonly TokenizedText[],
  { maxLength, onLongText, overlap, onWarning }: CutOptions,
): readonly TextWindow[] {
  const long = texts.flatMap(({ ids }, text) => (ids.length > maxLength ? [text] : []));
  if (long.length > 0 && onLongText === 'throw')
    throw new AttnError('INVALID_ARGUMENT', where, tooLong(texts, long[0], maxLength));
  const overlaps = new Map(
    long.map((text) => [text, overlapOf(where, texts[text], nameOf(texts, text), maxLength, overlap)]),
  );
  if (long.length > 0) {
    const [first] = long;
    const others = long.length > 1 ? `, and ${long.length - 1} more are cut, too` : '';
    const sentence = `${tooLong(texts, first, maxLength)}: cut into windows that overlap by ${overlaps.get(first)}`;
    onWarning(`[attn/models] encode: ${sentence}${others}`);
  }
  return texts.flatMap((tokens, text) => windowsOf(text, tokens, maxLength, overlaps.get(text) ?? 0));
}

/** The overlap of the windows of a text. Errors: `INVALID_ARGUMENT` where windows have no room for it. */
function overlapOf(
  where: string,
  tokens: TokenizedText,
  name: string,
  maxLength: number,
  overlap: number | undefined,
): number {
  const { before, after } = repeatedOf(tokens);
  const room = maxLength - before - after;
  const repeated = `${isPair(tokens) ? 'the first text and special tokens' : 'the special tokens'} of ${name}`;
  if (room < 1) {
    const message = `a window of ${maxLength} tokens has no room beside ${repeated}, which are ${before + after}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  if (overlap === undefined) return Math.floor(Math.min(maxLength / 8, room / 2));
  if (overlap < room) return overlap;
  const message = `overlap must be an integer from 0 to ${room - 1}, got ${show(overlap)}: a window of ${maxLength} tokens has room for ${room} beside ${repeated}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

function tooLong(texts: readonly TokenizedText[], text: number, maxLength: number): string {
  return `${nameOf(texts, text)} has ${texts[text].ids.length} tokens, and ${maxLength} are the most`;
}

/** What an input is called in messages: `text 0`, `pair 1`. */
function nameOf(texts: readonly TokenizedText[], text: number): string {
  return `${isPair(texts[text]) ? 'pair' : 'text'} ${text}`;
}
