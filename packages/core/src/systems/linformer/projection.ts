/**
 * Shortening a sequence: n rows become k, each a mixture of many. Linformer, Wang et al. 2020, §4, learns
 * it as a matrix, and names pooling and strided convolution as what else it may be.
 * https://arxiv.org/abs/2006.04768
 */
import type { GraphBuilder, Value } from '../../graph/builder.ts';

/** One way to shorten a sequence. */
export type SequenceProjection =
  /**
   * `matrix [k, nMax]` for all heads, or `[heads, k, nMax]` with heads those of x or a multiple of them,
   * which then share those of x; a shorter sequence takes the first columns. `bias [k]` or `[heads, k]`.
   */
  | { readonly kind: 'linear'; readonly matrix: Value; readonly bias?: Value }
  /** Windows of w = ⌈n/k⌉ rows, of which the last may be shorter: ⌈n/w⌉ ≤ k rows. */
  | { readonly kind: 'meanPool' | 'maxPool'; readonly k: number }
  /**
   * `kernel [out, in, w]`, stride w, as PyTorch's Conv1d, but with 0 behind the last row: ⌈n/w⌉ rows. `bias
   * [out]`.
   */
  | { readonly kind: 'convolution'; readonly kernel: Value; readonly bias?: Value };

/**
 * x [..., n, d] as [..., k, d], or with `out` for d after a convolution. Matrices by head take x [batch,
 * heads, n, d].
 */
export function projectSequence(builder: GraphBuilder, x: Value, projection: SequenceProjection): Value {
  switch (projection.kind) {
    case 'linear':
      return multiply(builder, x, projection.matrix, projection.bias);
    case 'meanPool':
      return pool(builder, x, projection.k, 'mean');
    case 'maxPool':
      return pool(builder, x, projection.k, 'max');
    case 'convolution':
      return convolve(builder, x, projection.kernel, projection.bias);
    default:
      return projection satisfies never;
  }
}

/** How many rows a window of a pool has: 1 where nothing has to be shortened. */
export function poolWindow(n: number, k: number): number {
  return Math.max(1, Math.ceil(n / k));
}

function multiply(builder: GraphBuilder, x: Value, matrix: Value, bias: Value | undefined): Value {
  const n = x.shape[x.shape.length - 2];
  const used = sliceAxis(builder, matrix, matrix.shape.length - 1, 0, n);
  const column = bias && builder.reshape(bias, [...bias.shape, 1]);
  const product = (a: Value, b: Value): Value => builder.matmul(a, b);
  const added = (y: Value): Value => (column ? builder.add(y, column) : y);
  if (matrix.shape.length === 2 || matrix.shape[0] === x.shape[1]) return added(product(used, x));
  // Several matrices for each head of x.
  const [batch, heads, , width] = x.shape;
  const [count, k] = matrix.shape;
  const grouped = builder.reshape(used, [heads, count / heads, k, n]);
  const products = product(grouped, builder.reshape(x, [batch, heads, 1, n, width]));
  return added(builder.reshape(products, [batch, count, k, width]));
}

function pool(builder: GraphBuilder, x: Value, k: number, kind: 'mean' | 'max'): Value {
  const window = poolWindow(x.shape[x.shape.length - 2], k);
  if (window === 1) return x;
  return inWindows(builder, x, window, (rows) => builder.reduce(rows, -2, kind));
}

function convolve(builder: GraphBuilder, x: Value, kernel: Value, bias: Value | undefined): Value {
  const [out, width, window] = kernel.shape;
  const weight = builder.reshape(builder.transpose(kernel, [0, 2, 1]), [out, window * width]);
  return inWindows(builder, x, window, (rows) => {
    const [length] = rows.shape.slice(-2);
    const flat = builder.reshape(rows, [...rows.shape.slice(0, -2), length * width]);
    return builder.linear(flat, sliceAxis(builder, weight, 1, 0, length * width), bias);
  });
}

/**
 * Cuts x [..., n, d] into windows [..., count, w, d], makes one row of each, and of what is left, if there
 * is any.
 */
function inWindows(builder: GraphBuilder, x: Value, window: number, reduce: (rows: Value) => Value): Value {
  const axis = x.shape.length - 2;
  const [n, width] = x.shape.slice(axis);
  const lead = x.shape.slice(0, axis);
  const count = Math.floor(n / window);
  const whole = (): Value => {
    const rows = sliceAxis(builder, x, axis, 0, count * window);
    return reduce(builder.reshape(rows, [...lead, count, window, width]));
  };
  const restLength = n - count * window;
  if (restLength === 0) return whole();
  const restRows = sliceAxis(builder, x, axis, count * window, n);
  const rest = builder.reshape(restRows, [...lead, 1, restLength, width]);
  return count === 0 ? reduce(rest) : builder.concat([whole(), reduce(rest)], axis);
}

/**
 * x where a mask of its rows is not 0, else 0: chosen, because a product with 0 would keep the NaN that
 * padding may hold.
 */
export function zeroMasked(builder: GraphBuilder, x: Value, visible: Value | undefined): Value {
  return visible ? builder.mask(x, visible) : x;
}

/** x[…, from … to, …]; x itself when that is all of it. */
export function sliceAxis(builder: GraphBuilder, x: Value, axis: number, from: number, to: number): Value {
  if (from === 0 && to === x.shape[axis]) return x;
  return builder.slice(
    x,
    x.shape.map((_, each) => (each === axis ? from : 0)),
    x.shape.with(axis, to),
  );
}
