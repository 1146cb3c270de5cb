/** Kernels that call the references: slow, and exact up to the rounding of outputs. */
import type { OpName } from '../ops/op-name.ts';
import { OP_NAMES } from '../ops/index.ts';
import { references } from '../ops/references.ts';
import { fromReference, toReference } from '../ops/reference-tensor.ts';
import type { Kernel, KernelTable } from './kernel.ts';

/** A kernel for every op. */
export const referenceKernels: KernelTable = Object.fromEntries(OP_NAMES.map((op) => [op, kernelOf(op)]));

/** Computes a node by its reference and rounds to the outputs' dtypes. */
export function kernelOf<K extends OpName>(op: K): Kernel<K> {
  return ({ inputs, outputs, attributes }) => {
    const operands = Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [name, toReference(tensor)]),
    );
    references[op](operands, attributes).forEach((result, index) => {
      const output = outputs[index];
      output.data.set(fromReference(result, output.dtype).data);
    });
  };
}
