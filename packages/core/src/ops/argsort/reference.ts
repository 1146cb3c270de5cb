/** `argsort` by JavaScript's own sort. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';

/** out[…, :] = the places 0 … n − 1, sorted by their elements in x. JavaScript's sort is stable. */
export function argsortReference({ x }: NamedReferences): [ReferenceTensor] {
  const length = x.shape[x.shape.length - 1];
  const out = emptyReference(x.shape);
  for (let at = 0; at < x.data.length; at += length) {
    const places = Array.from({ length }, (_, place) => place);
    places.sort((a, b) => x.data[at + a] - x.data[at + b]);
    out.data.set(places, at);
  }
  return [out];
}
