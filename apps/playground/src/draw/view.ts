/** The part of the picture that is seen: a square of whole cells inside n × n. */

/** A square: its first query and key, and the number of cells of a side. */
export interface View {
  readonly query: number;
  readonly key: number;
  readonly size: number;
}

/** The fewest cells of a side. */
const LEAST = 8;

/** The whole picture. */
export function wholeView(n: number): View {
  return { query: 0, key: 0, size: n };
}

/** The nearest view that lies inside n × n. */
export function insideOf(n: number, { query, key, size }: View): View {
  const side = Math.round(Math.min(n, Math.max(Math.min(LEAST, n), size)));
  const inside = (start: number): number => Math.round(Math.min(n - side, Math.max(0, start)));
  return { query: inside(query), key: inside(key), size: side };
}

/**
 * The view with `factor` times as many cells of a side, in which the cell at (x, y) stays where it is. x
 * and y
 * are shares of the picture, 0 to 1.
 */
export function zoomed(n: number, view: View, factor: number, x = 0.5, y = 0.5): View {
  const size = Math.round(Math.min(n, Math.max(Math.min(LEAST, n), view.size * factor)));
  return insideOf(n, {
    size,
    key: view.key + x * (view.size - size),
    query: view.query + y * (view.size - size),
  });
}

/** The view moved by shares of itself. */
export function moved(n: number, view: View, x: number, y: number): View {
  return insideOf(n, { ...view, key: view.key + x * view.size, query: view.query + y * view.size });
}
