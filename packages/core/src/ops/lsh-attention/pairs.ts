/**
 * Defines which keys a token meets: chunks, neighbours and visibility, one token at a time. The reference and
 * the error bound of the conformance suite use it.
 */
import { lshProblem, type LshAttentionAttributes } from './spec.ts';

/** A tensor of plain numbers. */
interface Numbers {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A key that a token sees, and the term that its logit gets beside q·k. */
export interface LshPair {
  readonly key: number;
  readonly term: number;
}

/**
 * A function of (batch row, head), then of a token: the keys that the token sees in all rounds, each as often
 * as it counts. A token never sees itself, and a hidden token sees no key.
 */
export function lshPairs(
  inputs: Readonly<Record<string, Numbers>>,
  attributes: LshAttentionAttributes,
): (b: number, h: number) => (i: number) => readonly LshPair[] {
  const problem = lshProblem(inputs, attributes);
  const { heads, length, rounds, chunkLength, chunks, chunksBefore, chunksAfter, wrap, causal } = problem;
  const { withinBuckets, duplicates } = problem;
  const { order, buckets, keyMask } = inputs;
  const cycle = rounds * chunks;

  return (b, h) => {
    const base = (b * heads + h) * rounds * length;
    /** The chunk of each token in each round, counted over all rounds. */
    const chunkOf = Array.from({ length: rounds }, (_, r) => {
      const row = new Int32Array(length);
      for (let place = 0; place < length; place++) {
        row[order.data[base + r * length + place]] = r * chunks + Math.floor(place / chunkLength);
      }
      return row;
    });
    /** The tokens of a chunk. */
    const tokensOf = (chunk: number): number[] => {
      const first = (chunk % chunks) * chunkLength;
      const row = base + Math.floor(chunk / chunks) * length;
      const count = Math.min(chunkLength, length - first);
      return Array.from({ length: count }, (_, s) => order.data[row + first + s]);
    };
    const sameBucket = (i: number, r: number, j: number, s: number): boolean =>
      r === s && buckets.data[base + r * length + i] === buckets.data[base + r * length + j];
    const isHidden = (token: number): boolean => keyMask?.data[b * length + token] === 0;
    const offsets = Array.from({ length: chunksBefore + 1 + chunksAfter }, (_, o) => o - chunksBefore);

    /** lucidrains' count: rounds in which the key's chunk, moved by an offset, is the query's. */
    const countOf = (i: number, j: number): number => {
      let count = 0;
      for (let r = 0; r < rounds; r++) {
        if (withinBuckets && !sameBucket(i, r, j, r)) continue;
        for (const offset of offsets) {
          if ((((chunkOf[r][i] + offset) % cycle) + cycle) % cycle === chunkOf[r][j]) count++;
        }
      }
      return count;
    };

    return (i) => {
      const pairs: LshPair[] = [];
      if (isHidden(i)) return pairs;
      const met = new Set<number>();
      for (let r = 0; r < rounds; r++) {
        for (const offset of offsets) {
          const at = chunkOf[r][i] + offset;
          const chunk = wrap ? ((at % cycle) + cycle) % cycle : at;
          const s = Math.floor(chunk / chunks);
          if (!wrap && s !== r) continue;
          for (const j of tokensOf(chunk)) {
            if (j === i || isHidden(j) || (causal && j > i)) continue;
            if (withinBuckets && !sameBucket(i, r, j, s)) continue;
            if (duplicates === 'once' && met.has(j)) continue;
            met.add(j);
            pairs.push({ key: j, term: duplicates === 'lucidrains' ? -Math.log(countOf(i, j) + 1e-9) : 0 });
          }
        }
      }
      return pairs;
    };
  };
}
