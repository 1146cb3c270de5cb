/**
 * The kernels by op: a new kernel is a file here and a line in this table. An op that has none yet is computed by its
 * definition in core, slowly but rightly, so that the conformance suite is green from the first day on.
 */
import {
  fromReference,
  OP_NAMES,
  references,
  toReference,
  type KernelCall,
  type KernelTable,
  type OpName,
} from '@attn/core';
import { relu } from './relu.ts';

export const kernels: KernelTable = {
  ...Object.fromEntries(OP_NAMES.map((op) => [op, byDefinition])),
  relu,
};

/** TODO remove when every op has its kernel. */
function byDefinition<K extends OpName>({ node, inputs, outputs, attributes }: KernelCall<K>): void {
  const operands = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, toReference(tensor)]),
  );
  const results = references[node.op](operands, attributes);
  outputs.forEach((out, index) => out.data.set(fromReference(results[index], out.dtype).data));
}
