/** Quantised matrices of a model, and the numbers that they stand for. */
import type { ActivationForm, QuantizedMatrix, Tensor } from '@attn/core';
import { CodeReader, lazyTensor } from '@attn/core/backend';

/** A quantised matrix [rows, length], and how a linear layer multiplies with it. */
export interface QuantizedWeight extends QuantizedMatrix {
  /** How the inputs of a linear layer are read: as they are, or as integers. */
  readonly inputs: ActivationForm;
}

/** The numbers [rows, length] that codes stand for. They are made anew whenever nobody holds them. */
export function numbersOf(
  { codes, scales, zeroPoints, ...format }: QuantizedMatrix,
  length: number,
): Tensor<'f32'> {
  const [rows] = codes.shape;
  return lazyTensor({ dtype: 'f32', shape: [rows, length] }, () => {
    const arrays = { codes: codes.data, scales: scales?.data, zeroPoints: zeroPoints?.data };
    const reader = new CodeReader(arrays, length, format);
    const numbers = new Float32Array(rows * length);
    for (let row = 0; row < rows; row++)
      reader.numbers(row, numbers.subarray(row * length, (row + 1) * length));
    return numbers;
  });
}
