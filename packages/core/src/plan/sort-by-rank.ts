/** Sorts rows by rank, stably, in time that grows with their number alone. */
export function sortByRank(rows: Int32Array, rankOf: (row: number) => number): Int32Array {
  const ranks = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) ranks[i] = rankOf(rows[i]);
  const { numbers, count } = dense(ranks) ?? numbered(ranks);
  const next = new Int32Array(count + 1);
  for (const number of numbers) next[number + 1] += 1;
  for (let number = 1; number < next.length; number++) next[number] += next[number - 1];
  const sorted = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) sorted[next[numbers[i]]++] = rows[i];
  return sorted;
}

/** For each rank a number below `count`; lesser ranks have lesser numbers. */
interface Numbered {
  readonly numbers: Int32Array;
  readonly count: number;
}

/** Integers that lie close together are their own numbers, from the least on. */
function dense(ranks: Float64Array): Numbered | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const rank of ranks) {
    if (!Number.isInteger(rank)) return undefined;
    if (rank < low) low = rank;
    if (rank > high) high = rank;
  }
  const count = high - low + 1;
  if (ranks.length === 0 || !(count <= 4 * ranks.length)) return undefined;
  const numbers = new Int32Array(ranks.length);
  for (let i = 0; i < ranks.length; i++) numbers[i] = ranks[i] - low;
  return { numbers, count };
}

/** Any ranks, by a table of those that are there. */
function numbered(ranks: Float64Array): Numbered {
  const distinct = new Float64Array(new Set(ranks)).sort();
  const table = new Map<number, number>();
  distinct.forEach((rank, number) => table.set(rank, number));
  return { numbers: Int32Array.from(ranks, (rank) => table.get(rank) ?? 0), count: distinct.length };
}
