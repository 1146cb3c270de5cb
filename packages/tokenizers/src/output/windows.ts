/** Windows: slices of a long text that overlap, each as long as a model takes. */
import { AttnError } from '@attn/core';

/** Tokens from `from` to before `to`. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/**
 * The slices of `count` tokens, of at most `room` each, each of which repeats the last `stride` of the one
 * before. An empty text is one slice.
 */
export function* slices(count: number, room: number, stride: number): Generator<Slice, void, undefined> {
  for (let from = 0; ; from += room - stride) {
    const to = Math.min(from + room, count);
    yield { from, to };
    if (to === count) return;
  }
}

/**
 * The room for tokens in a window. Errors: `INVALID_ARGUMENT` where none is left, or `stride` fills it.
 * @param added tokens of the template
 * @param question tokens of the first of two texts, which every window has
 */
export function roomOf(
  where: string,
  maxLength: number,
  stride: number,
  added: number,
  question: number,
): number {
  const room = maxLength - added - question;
  const others =
    question === 0
      ? `${added} tokens of the template`
      : `${added} tokens of the template and ${question} of the first text`;
  if (room < 1) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      where,
      `maxLength must leave room beside ${others}, got ${maxLength}`,
    );
  }
  if (stride >= room) {
    const message = `stride must be below ${room}, the room that maxLength ${maxLength} leaves beside ${others}, got ${stride}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  return room;
}
