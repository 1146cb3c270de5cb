/** A text in front of pieces: the prefix space of `ByteLevel`, the "▁" of `Metaspace`. */
import { AlignedBuilder, unitsAt, type Pieces } from '../text/aligned.ts';

/**
 * The pieces, each with `prefix` in front where `needs` says so; the prefix has the span of the piece's first
 * character.
 */
export function prefixed(
  { source, bounds }: Pieces,
  prefix: string,
  needs: (text: string, at: number) => boolean,
): Pieces {
  const { text } = source;
  const isPrefixed = (start: number) => needs(text, start);
  let isChanged = false;
  for (let i = 0; i < bounds.length; i += 2) isChanged ||= bounds[i] < bounds[i + 1] && isPrefixed(bounds[i]);
  if (!isChanged) return { source, bounds };

  const builder = new AlignedBuilder(text.length + (bounds.length / 2) * prefix.length);
  const result: number[] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    const [from, to] = [bounds[i], bounds[i + 1]];
    if (from === to) continue;
    const start = builder.length;
    if (isPrefixed(from)) {
      builder.addText(prefix, source.startAt(from), source.endBefore(from + unitsAt(text, from)));
    }
    builder.addSlice(source, from, to);
    result.push(start, builder.length);
  }
  return { source: builder.finish(source.origin), bounds: result };
}
