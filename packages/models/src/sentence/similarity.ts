/** How alike vectors are. */
import { AttnError, f32, type Tensor } from '@attn/core';
import { checkArgument, oneOf, show } from '@attn/core/backend';
import { readMatrix } from './matrix.ts';
import { readSparseVectors, type SparseVector } from './sparse-vector.ts';

/** All measures. */
export const SIMILARITIES = ['cosine', 'dot', 'euclidean', 'manhattan'] as const;

/**
 * How alike two vectors are, the greater the more: the cosine of their angle, their dot product, their
 * Euclidean distance times −1, or the sum of the distances in all dimensions times −1.
 */
export type Similarity = (typeof SIMILARITIES)[number];

/** Vectors that are compared: a tensor [vectors, dimensions] or [dimensions], or sparse vectors. */
export type ComparedVectors = Tensor | readonly SparseVector[];

const WHERE = 'models/similarity';

/**
 * How alike each vector of `a` is to each of `b`: [vectors of a, vectors of b].
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE` (vectors of different dimensions), `INVALID_DTYPE`.
 *
 * @example
 * const { embeddings } = await model.encode(['Call me Ishmael.', 'Some years ago']);
 * const scores = similarity(embeddings, embeddings, 'cosine'); // [2, 2]
 */
export function similarity(
  a: ComparedVectors,
  b: ComparedVectors,
  measure: Similarity = 'cosine',
): Tensor<'f32'> {
  checkArgument(WHERE, 'measure', measure, oneOf(...SIMILARITIES));
  const [first, second] = [readVectors('a', a), readVectors('b', b)];
  if (first.width !== undefined && second.width !== undefined && first.width !== second.width) {
    const message = `the vectors of a and b must have one length, got ${first.width} and ${second.width}`;
    throw new AttnError('INVALID_SHAPE', WHERE, message);
  }
  const compare = first.rows.every(isDense) && second.rows.every(isDense) ? denseTerms : sparseTerms;
  const result = new Float32Array(first.rows.length * second.rows.length);
  const [lengths, others] = [first, second].map(({ rows }) => rows.map(lengthOf));
  for (const [i, x] of first.rows.entries())
    for (const [j, y] of second.rows.entries()) {
      const value = compare(x, y, measure);
      result[i * second.rows.length + j] =
        measure === 'cosine' ? value / (lengths[i] * others[j] || 1) : value;
    }
  return f32([first.rows.length, second.rows.length], result);
}

/**
 * How well a document fits a query by their tokens, which is how late interaction models such as ColBERT
 * compare: each token of the query counts with its most alike token of the document, by the dot product.
 * Khattab & Zaharia 2020, https://arxiv.org/abs/2004.12832
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
 *
 * @param query states [tokens, dimensions], as `encode` gives them with `pooling: 'none'`
 * @param document states [tokens, dimensions]; at least one token
 * @example
 * const texts = ['Who narrates?', 'Call me Ishmael.'];
 * const { states } = await model.encode(texts, { pooling: 'none', normalize: true });
 * console.log(maxSim(states[0], states[1]) > 0); // true
 */
export function maxSim(query: Tensor, document: Tensor): number {
  const where = 'models/maxSim';
  const a = readMatrix({ where, name: 'query' }, query);
  const b = readMatrix({ where, name: 'document' }, document);
  const [, width] = a.shape;
  if (b.shape[1] !== width || b.shape[0] === 0) {
    const message = `document must be [tokens, ${width}], as query is, with at least one token, got ${show(b.shape)}`;
    throw new AttnError('INVALID_SHAPE', where, message);
  }
  const documentRows = rowsOf(b);
  return rowsOf(a).reduce((sum, x) => {
    const best = documentRows.reduce((most, y) => Math.max(most, dot(x, y)), -Infinity);
    return sum + best;
  }, 0);
}

type Row = Float32Array | SparseVector;

const isDense = (row: Row): row is Float32Array => row instanceof Float32Array;

function readVectors(
  name: string,
  value: ComparedVectors,
): { readonly rows: readonly Row[]; readonly width: number | undefined } {
  if (Array.isArray(value))
    return { rows: readSparseVectors({ where: WHERE, name }, value), width: undefined };
  const matrix = readMatrix({ where: WHERE, name }, value);
  return { rows: rowsOf(matrix), width: matrix.shape[1] };
}

function rowsOf({ shape: [rows, width], data }: Tensor<'f32'>): readonly Float32Array[] {
  return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

function lengthOf(row: Row): number {
  return Math.sqrt(isDense(row) ? dot(row, row) : dot(row.values, row.values));
}

function dot(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

/** A measure before its division by lengths. Distances come from differences: products would lose digits. */
function denseTerms(x: Row, y: Row, measure: Similarity): number {
  if (!isDense(x) || !isDense(y)) return sparseTerms(x, y, measure);
  if (measure === 'cosine' || measure === 'dot') return dot(x, y);
  let sum = 0;
  const isSquared = measure === 'euclidean';
  for (let i = 0; i < x.length; i++) {
    const difference = x[i] - y[i];
    sum += isSquared ? difference * difference : Math.abs(difference);
  }
  return -(isSquared ? Math.sqrt(sum) : sum);
}

function sparseTerms(x: Row, y: Row, measure: Similarity): number {
  const [a, b] = [sparseOf(x), sparseOf(y)];
  let [products, squares, distances] = [0, 0, 0];
  for (let i = 0, j = 0; i < a.indices.length || j < b.indices.length;) {
    const [left, right] = [a.indices[i] ?? Infinity, b.indices[j] ?? Infinity];
    const p = left <= right ? a.values[i++] : 0;
    const q = right <= left ? b.values[j++] : 0;
    products += p * q;
    squares += (p - q) ** 2;
    distances += Math.abs(p - q);
  }
  if (measure === 'euclidean') return -Math.sqrt(squares);
  return measure === 'manhattan' ? -distances : products;
}

function sparseOf(row: Row): SparseVector {
  return isDense(row) ? { indices: Int32Array.from(row.keys()), values: row } : row;
}
