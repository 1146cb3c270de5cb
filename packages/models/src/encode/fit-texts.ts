/** What happens to texts that are longer than the model: windows or a cut, with a warning, or an error. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { TokenizedText } from '../tokenizer.ts';
import { cutTokens } from './cut-tokens.ts';
import { isPair, repeatedOf, windowsOf, type TextWindow } from './windows.ts';

/** Options of `fitTexts`; those of `encode`. */
export interface FitOptions {
  readonly maxLength: number;
  readonly onLongText: 'split' | 'cut' | 'throw';
  readonly overlap?: number | undefined;
  /** What messages call the overlap. Default `overlap`. */
  readonly overlapName?: string | undefined;
  /**
   * The overlap, where none is given, of windows that have room for so many tokens. Default: an eighth of
   * `maxLength`, but at most half of the room.
   */
  readonly overlapIn?: ((room: number) => number) | undefined;
  /** The end of a text at which tokens are cut off. */
  readonly cutSide: 'left' | 'right';
  /** The text of a pair that alone loses tokens. Default: the longer one first. */
  readonly cutText?: 0 | 1 | undefined;
  /** The text of a pair that is split. Default: the second. */
  readonly splitText?: 0 | 1 | undefined;
  /** Called when texts are split or cut; absent where that is what the caller asked for. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Texts that fit. */
export interface FittingTexts {
  /** The texts, without what was cut off. */
  readonly texts: readonly TokenizedText[];
  readonly windows: readonly TextWindow[];
}

/** Makes all texts fit into the model. Errors: `INVALID_ARGUMENT`. */
export function fitTexts(where: string, texts: readonly TokenizedText[], options: FitOptions): FittingTexts {
  const { maxLength, onLongText, cutSide, cutText, splitText, onWarning } = options;
  const long = texts.flatMap(({ ids }, text) => (ids.length > maxLength ? [text] : []));
  if (long.length > 0 && onLongText === 'throw')
    throw new AttnError('INVALID_ARGUMENT', where, tooLong(texts, long[0], maxLength));
  const warn = (outcome: string): void => {
    const others = long.length > 1 ? `, and ${long.length - 1} more are cut, too` : '';
    const place = where.replace('/', '] ');
    onWarning?.(`[attn/${place}: ${tooLong(texts, long[0], maxLength)}: ${outcome}${others}`);
  };
  if (onLongText === 'cut') {
    if (long.length > 0) warn('what is beyond is left out');
    const rest = texts.map((tokens) => cutTokens(tokens, { maxLength, side: cutSide, only: cutText }));
    return { texts: rest, windows: rest.flatMap((tokens, text) => windowsOf(text, tokens, maxLength, 0)) };
  }
  const overlaps = new Map(
    long.map((text) => [text, overlapOf(where, texts[text], nameOf(texts, text), options)]),
  );
  if (long.length > 0) warn(`cut into windows that overlap by ${overlaps.get(long[0])}`);
  const windows = texts.flatMap((tokens, text) =>
    windowsOf(text, tokens, maxLength, overlaps.get(text) ?? 0, splitText),
  );
  return { texts, windows };
}

/** What the overlap of windows depends on. */
type Room = Pick<FitOptions, 'maxLength' | 'overlap' | 'overlapName' | 'overlapIn' | 'splitText'>;

/** The overlap of the windows of a text. Errors: `INVALID_ARGUMENT` where windows have no room for it. */
export function overlapOf(
  where: string,
  tokens: TokenizedText,
  name: string,
  { maxLength, overlap, overlapName = 'overlap', overlapIn, splitText }: Room,
): number {
  const { before, after } = repeatedOf(tokens, splitText);
  const room = maxLength - before - after;
  const other = splitText === 0 ? 'the second text and special tokens' : 'the first text and special tokens';
  const repeated = `${isPair(tokens) ? other : 'the special tokens'} of ${name}`;
  if (room < 1) {
    const message = `a window of ${maxLength} tokens has no room beside ${repeated}, which are ${before + after}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  if (overlap === undefined) return overlapIn?.(room) ?? Math.floor(Math.min(maxLength / 8, room / 2));
  if (overlap < room) return overlap;
  const message = `${overlapName} must be an integer from 0 to ${room - 1}, got ${show(overlap)}: a window of ${maxLength} tokens has room for ${room} beside ${repeated}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

function tooLong(texts: readonly TokenizedText[], text: number, maxLength: number): string {
  return `${nameOf(texts, text)} has ${texts[text].ids.length} tokens, and ${maxLength} are the most`;
}

/** What an input is called in messages: `text 0`, `pair 1`. */
function nameOf(texts: readonly TokenizedText[], text: number): string {
  return `${isPair(texts[text]) ? 'pair' : 'text'} ${text}`;
}
