/** Sorts row blocks into bins of equal numbers of tiles: little padding, and not too many bins. */

/** Cost of one more bin, in tiles: starting a scan takes about as long as computing this many. */
const BIN_COST = 8;

/** An item to sort, such as a row block, and its number of tiles. */
interface TileCounted {
  readonly tiles: number;
}

/** Items that are computed together, each as if it had `tiles` tiles. */
export interface Bin<T extends TileCounted> {
  readonly tiles: number;
  /** In the order in which `partition` received them. */
  readonly items: readonly T[];
}

/** Sorts items into the cheapest bins, at most `most` of them. Bins with many tiles come first. */
export function partition<T extends TileCounted>(items: readonly T[], most: number): Bin<T>[] {
  const counts = new Map<number, number>();
  for (const { tiles } of items) counts.set(tiles, (counts.get(tiles) ?? 0) + 1);
  const sizes = thinned([...counts.keys()].toSorted((a, b) => a - b));
  const countUpTo = sizes.map((size) => {
    let sum = 0;
    for (const [tiles, count] of counts) if (tiles <= size) sum += count;
    return sum;
  });
  const bounds = cheapestBounds(sizes, countUpTo, most);
  return bounds
    .map((tiles, index) => {
      const above = index === 0 ? 0 : bounds[index - 1];
      return { tiles, items: items.filter((item) => item.tiles > above && item.tiles <= tiles) };
    })
    .toReversed();
}

/** Keeps at most 256 of the sizes, so that the search stays short. Others are rounded up to the next. */
function thinned(sizes: readonly number[]): number[] {
  const step = Math.ceil(sizes.length / 256);
  return sizes.filter((_, index) => index % step === step - 1 || index === sizes.length - 1);
}

/** The upper bounds of the cheapest bins, by dynamic programming. */
function cheapestBounds(sizes: readonly number[], countUpTo: readonly number[], most: number): number[] {
  /** costs[i]: the least cost of the i smallest sizes in the current number of bins. */
  let costs = [0, ...sizes.map(() => Infinity)];
  const cuts: number[][] = [];
  let best = { cost: sizes.length === 0 ? 0 : Infinity, bins: 0 };
  for (let bins = 1; bins <= Math.min(most, sizes.length); bins++) {
    const next = sizes.map(() => Infinity);
    const cut = sizes.map(() => 0);
    for (let end = 0; end < sizes.length; end++) {
      for (let start = 0; start <= end; start++) {
        const count = countUpTo[end] - (start === 0 ? 0 : countUpTo[start - 1]);
        const cost = costs[start] + count * sizes[end] + BIN_COST;
        if (cost < next[end]) [next[end], cut[end]] = [cost, start];
      }
    }
    costs = [Infinity, ...next];
    cuts.push(cut);
    const cost = costs[sizes.length];
    if (cost < best.cost) best = { cost, bins };
  }
  const bounds: number[] = [];
  let end = sizes.length;
  for (let bins = best.bins; bins > 0; bins--) {
    bounds.unshift(sizes[end - 1]);
    end = cuts[bins - 1][end - 1];
  }
  return bounds;
}
