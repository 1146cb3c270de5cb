/** A text in front of pieces: the prefix space of `ByteLevel`, the "▁" of `Metaspace`. */
import { STRIDE, type Steps } from '../steps.ts';
import { AlignedBuilder, type Pieces } from '../text/aligned.ts';
import { Bounds } from '../text/bounds.ts';
import { unitsAt } from '../text/units.ts';

/**
 * The pieces, each with `prefix` in front where `needs` says so; the prefix has the span of the piece's first
 * character.
 */
export function* prefixed(
  { source, bounds }: Pieces,
  prefix: string,
  needs: (text: string, at: number) => boolean,
): Steps<Pieces> {
  const { text } = source;
  let isChanged = false;
  for (let i = 0; i < bounds.count && !isChanged; i++) {
    isChanged = bounds.from(i) < bounds.to(i) && needs(text, bounds.from(i));
    if (i % STRIDE === STRIDE - 1) yield;
  }
  if (!isChanged) return { source, bounds };

  const builder = new AlignedBuilder(text.length + bounds.count * prefix.length);
  const result = new Bounds(bounds.count);
  let paused = 0;
  for (let i = 0; i < bounds.count; i++) {
    const [from, to] = [bounds.from(i), bounds.to(i)];
    if (from === to) continue;
    const start = builder.length;
    if (needs(text, from))
      builder.addText(prefix, source.startAt(from), source.endBefore(from + unitsAt(text, from)));
    yield* builder.addLongSlice(source, from, to);
    result.add(start, builder.length);
    if (to - paused > STRIDE) {
      paused = to;
      yield;
    }
  }
  return { source: builder.finish(source.origin), bounds: result };
}
