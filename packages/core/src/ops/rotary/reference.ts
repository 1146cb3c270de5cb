/** Rotary position embedding in float64. */
import { broadcastStrides, forEachOffset } from '../broadcast.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { RotaryAttributes } from './definition.ts';

/** (a, b) becomes (a·cos − b·sin, b·cos + a·sin) for each pair; what is in no pair stays. */
export function rotaryReference(
  { x, cos, sin }: NamedReferences,
  { interleaved }: RotaryAttributes,
): [ReferenceTensor] {
  const width = x.shape[x.shape.length - 1];
  const pairs = cos.shape[cos.shape.length - 1];
  const rows = x.shape.slice(0, -1);
  const strides = broadcastStrides(cos.shape.slice(0, -1), rows);
  const out = emptyReference(x.shape);
  out.data.set(x.data);
  forEachOffset(rows, [strides], (row, [tableRow]) => {
    for (let i = 0; i < pairs; i++) {
      const first = row * width + (interleaved ? 2 * i : i);
      const second = first + (interleaved ? 1 : pairs);
      const [a, b] = [x.data[first], x.data[second]];
      const [c, s] = [cos.data[tableRow * pairs + i], sin.data[tableRow * pairs + i]];
      out.data[first] = a * c - b * s;
      out.data[second] = b * c + a * s;
    }
  });
  return [out];
}
