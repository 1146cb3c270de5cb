/** Row blocks in classes of one number of tiles each: as few padded tiles as possible, with not too many classes. */

/** Starting a scan costs about as much as this many tiles. */
const CLASS_COST = 8;

/** What is sorted. */
interface Weighed {
  readonly tiles: number;
}

/** A class: each of its items is computed as if it had `tiles` tiles. */
export interface Class<T extends Weighed> {
  readonly tiles: number;
  /** In the order in which they were given. */
  readonly items: readonly T[];
}

/** The cheapest classes, at most `most`; those with the most tiles first. */
export function partition<T extends Weighed>(items: readonly T[], most: number): Class<T>[] {
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

/** Thousands of different sizes are rounded up to a few hundred first, so that the search stays short. */
function thinned(sizes: readonly number[]): number[] {
  const step = Math.ceil(sizes.length / 256);
  return sizes.filter((_, index) => index % step === step - 1 || index === sizes.length - 1);
}

/** Dynamic programming over the upper bounds of classes. */
function cheapestBounds(sizes: readonly number[], countUpTo: readonly number[], most: number): number[] {
  /** costs[k][i]: the least cost of the i smallest sizes in k classes. */
  let costs = [0, ...sizes.map(() => Infinity)];
  const cuts: number[][] = [];
  let best = { cost: sizes.length === 0 ? 0 : Infinity, classes: 0 };
  for (let classes = 1; classes <= Math.min(most, sizes.length); classes++) {
    const next = sizes.map(() => Infinity);
    const cut = sizes.map(() => 0);
    for (let end = 0; end < sizes.length; end++) {
      for (let start = 0; start <= end; start++) {
        const count = countUpTo[end] - (start === 0 ? 0 : countUpTo[start - 1]);
        const cost = costs[start] + count * sizes[end] + CLASS_COST;
        if (cost < next[end]) [next[end], cut[end]] = [cost, start];
      }
    }
    costs = [Infinity, ...next];
    cuts.push(cut);
    const cost = costs[sizes.length];
    if (cost < best.cost) best = { cost, classes };
  }
  const bounds: number[] = [];
  let end = sizes.length;
  for (let classes = best.classes; classes > 0; classes--) {
    bounds.unshift(sizes[end - 1]);
    end = cuts[classes - 1][end - 1];
  }
  return bounds;
}
