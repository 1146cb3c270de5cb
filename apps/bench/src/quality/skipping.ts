/**
 * How many tiles of attention a bound could leave out, with no row of the result off by more than ε times the
 * largest value. A tile of a block of queries and a block J of keys adds at most n·exp(max s − lse) to a row,
 * so it may go where max s < lse − ln(n / ε) in each of its rows. Two answers to what max s is:
 *
 * - `certified`: the keys of J lie in a ball of centre c and radius r, so s ≤ (q·c + ‖q‖ r) · scale. This is
 *   what a kernel can know before it reads the tile. The row's lse is the final one, which a kernel does not
 *   have yet: it would skip fewer.
 * - `possible`: the true maximum, which no bound can beat.
 */

/** Queries and keys of one head, row-major: [n, d]. */
export interface HeadStates {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly n: number;
  readonly d: number;
  readonly scale: number;
}

/** Shares of tiles that may be left out, of 0 to 1. */
export interface Skipped {
  readonly certified: number;
  readonly possible: number;
}

/** The shares of tiles of `rows` queries and `columns` keys that add less than ε, by each ε. */
export function skippedTiles(
  states: HeadStates,
  { rows, columns, epsilons }: { rows: number; columns: number; epsilons: readonly number[] },
): readonly Skipped[] {
  const { n } = states;
  const scores = scoresOf(states);
  const lse = logSums(scores, n);
  const bounds = ballBounds(states, columns);
  const tiles = Math.ceil(n / columns);
  const counts = epsilons.map(() => ({ certified: 0, possible: 0 }));
  let all = 0;
  for (let from = 0; from < n; from += rows) {
    for (let tile = 0; tile < tiles; tile++) {
      all++;
      // The least distance from the row's lse, over the rows of the tile.
      let certified = Infinity;
      let possible = Infinity;
      for (let i = from; i < Math.min(n, from + rows); i++) {
        let most = -Infinity;
        for (let j = tile * columns; j < Math.min(n, (tile + 1) * columns); j++)
          most = Math.max(most, scores[i * n + j]);
        possible = Math.min(possible, lse[i] - most);
        certified = Math.min(certified, lse[i] - bounds[i * tiles + tile]);
      }
      epsilons.forEach((epsilon, e) => {
        const distance = Math.log(n / epsilon);
        if (certified > distance) counts[e].certified++;
        if (possible > distance) counts[e].possible++;
      });
    }
  }
  return counts.map(({ certified, possible }) => ({ certified: certified / all, possible: possible / all }));
}

/** Keys in an order in which near ones stand together: halved by their widest direction, again and again. */
export function clustered(states: HeadStates, size: number): HeadStates {
  const { k, n, d } = states;
  const order = (places: readonly number[]): readonly number[] => {
    if (places.length <= size) return places;
    const axis = widestAxis(k, d, places);
    const sorted = places.toSorted((a, b) => dot(k, a, axis, d) - dot(k, b, axis, d));
    const half = size * Math.ceil(sorted.length / size / 2);
    return [...order(sorted.slice(0, half)), ...order(sorted.slice(half))];
  };
  const places = order(Array.from({ length: n }, (_, j) => j));
  const moved = new Float32Array(n * d);
  places.forEach((from, to) => moved.set(k.subarray(from * d, (from + 1) * d), to * d));
  return { ...states, k: moved };
}

function scoresOf({ q, k, n, d, scale }: HeadStates): Float64Array {
  const scores = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = q.subarray(i * d, (i + 1) * d);
    for (let j = 0; j < n; j++) scores[i * n + j] = scale * dot(k, j, row, d);
  }
  return scores;
}

function logSums(scores: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    const row = scores.subarray(i * n, (i + 1) * n);
    const most = row.reduce((a, b) => Math.max(a, b));
    return most + Math.log(row.reduce((sum, s) => sum + Math.exp(s - most), 0));
  });
}

/** The bound of each row and tile of keys: [n, tiles]. */
function ballBounds({ q, k, n, d, scale }: HeadStates, columns: number): Float64Array {
  const tiles = Math.ceil(n / columns);
  const bounds = new Float64Array(n * tiles);
  for (let tile = 0; tile < tiles; tile++) {
    const [start, end] = [tile * columns, Math.min(n, (tile + 1) * columns)];
    const centre = new Float64Array(d);
    for (let j = start; j < end; j++) for (let x = 0; x < d; x++) centre[x] += k[j * d + x] / (end - start);
    let radius = 0;
    for (let j = start; j < end; j++)
      radius = Math.max(radius, Math.hypot(...centre.map((c, x) => k[j * d + x] - c)));
    for (let i = 0; i < n; i++) {
      const row = q.subarray(i * d, (i + 1) * d);
      bounds[i * tiles + tile] = scale * (dot(q, i, centre, d) + Math.hypot(...row) * radius);
    }
  }
  return bounds;
}

/** The direction in which some keys differ most, by a few steps of the power method. */
function widestAxis(k: Float32Array, d: number, places: readonly number[]): Float64Array {
  const centre = new Float64Array(d);
  for (const j of places) for (let x = 0; x < d; x++) centre[x] += k[j * d + x] / places.length;
  let axis = Float64Array.from({ length: d }, (_, x) => 1 + x / d);
  for (let step = 0; step < 8; step++) {
    const next = new Float64Array(d);
    const shift = centre.reduce((sum, c, x) => sum + c * axis[x], 0);
    for (const j of places) {
      const weight = dot(k, j, axis, d) - shift;
      for (let x = 0; x < d; x++) next[x] += weight * (k[j * d + x] - centre[x]);
    }
    const norm = Math.hypot(...next) || 1;
    axis = next.map((value) => value / norm);
  }
  return axis;
}

function dot(rows: Float32Array, row: number, other: Float32Array | Float64Array, d: number): number {
  let sum = 0;
  for (let x = 0; x < d; x++) sum += rows[row * d + x] * other[x];
  return sum;
}
