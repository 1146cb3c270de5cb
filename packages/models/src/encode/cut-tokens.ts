/**
 * Leaves out tokens of a text that has too many, as Hugging Face's tokenizers do: special tokens stay, and of
 * a pair the longer text loses its tokens first (`longest_first`), or only one of the two loses any.
 */
import type { TokenizedText } from '../tokenizer.ts';
import { isPair } from './windows.ts';

/** Where tokens are left out. */
export interface CutRule {
  /** Most tokens that are left, special ones included. */
  readonly maxLength: number;
  /** The end of a text at which tokens are left out. */
  readonly side: 'left' | 'right';
  /** The text of a pair that alone loses tokens. Default: the longer one first, then both. */
  readonly only?: 0 | 1 | undefined;
}

/** The tokens that are left of a text or a pair. Ids that no tokenizer made have no special tokens. */
export function cutTokens(tokens: TokenizedText, { maxLength, side, only }: CutRule): TokenizedText {
  const { ids, sequences } = tokens;
  if (ids.length <= maxLength) return tokens;
  const numbers = [0, 1].map(
    (text) => sequences?.filter((each) => each === text).length ?? (text === 0 ? ids.length : 0),
  );
  const [first, second] = numbers;
  const room = Math.max(maxLength - (ids.length - first - second), 0);
  const shares = isPair(tokens) ? sharesOf(first, second, room, only) : [Math.min(first, room), 0];
  const counts = [0, 0];
  const isKept = ids.map((_, i) => {
    const text = sequences === undefined ? 0 : sequences[i];
    if (text === null) return true;
    const place = counts[text]++;
    return side === 'right' ? place < shares[text] : place >= numbers[text] - shares[text];
  });
  return tokensWhere(tokens, (_, i) => isKept[i]);
}

/** The tokens of which a test is true, in all columns. */
export function tokensWhere(
  { ids, sequences, special, typeIds, offsets, words }: TokenizedText,
  test: (sequence: 0 | 1 | null | undefined, index: number) => boolean,
): TokenizedText {
  const rest = <T>(column: readonly T[]): readonly T[] => column.filter((_, i) => test(sequences?.[i], i));
  return {
    ids: rest(ids),
    ...(sequences && { sequences: rest(sequences) }),
    ...(special && { special: rest(special) }),
    ...(typeIds && { typeIds: rest(typeIds) }),
    ...(offsets && { offsets: rest(offsets) }),
    ...(words && { words: rest(words) }),
  };
}

/** How many tokens of each text of a pair are left. The numbers are those of Hugging Face's tokenizers. */
export function sharesOf(
  first: number,
  second: number,
  room: number,
  only?: 0 | 1,
): readonly [number, number] {
  if (first + second <= room) return [first, second];
  if (only === 0) return [Math.max(room - second, 0), second];
  if (only === 1) return [first, Math.max(room - first, 0)];
  let shorter = Math.min(first, second);
  let longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = Math.floor(room / 2);
    longer = shorter + (room % 2);
  }
  return first <= second ? [shorter, longer] : [longer, shorter];
}
