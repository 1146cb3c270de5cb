/** Scales vectors to length 1, so that the dot product of two vectors is their cosine similarity. */
import type { Tensor } from '@attn/core';

/** Divides each row of a matrix by its Euclidean length, in place. Zero rows stay zero. */
export function normalizeRows(matrix: Tensor<'f32'>): Tensor<'f32'> {
  const { data, shape } = matrix;
  const [rows, width] = shape;
  for (let row = 0; row < rows; row++) {
    const vector = data.subarray(row * width, (row + 1) * width);
    let squares = 0; // in float64, where squares of float32 neither overflow nor vanish
    for (const value of vector) squares += value * value;
    if (squares === 0) continue;
    const length = Math.sqrt(squares);
    for (let i = 0; i < width; i++) vector[i] /= length;
  }
  return matrix;
}
