/** Checks the inputs of a run, once, for every backend. */
import type { Tensors } from '../contract/backend.ts';
import { AttnError, show } from '../errors.ts';
import { checkArgument, readEntries } from '../check/check-options.ts';
import { anObject, type Kind } from '../check/kinds.ts';
import { unknownName } from '../check/nearest-name.ts';
import { sameShape } from '../ops/validate.ts';
import { checkTensor, rowMajor, type Tensor, type TensorSpec } from '../tensor.ts';
import type { Graph } from '../graph/graph.ts';

const TENSORS: Kind = { ...anObject, expected: 'an object of tensors' };

/**
 * Checks the inputs of a run, and returns them row-major, in the order of `graph.inputs`. A row-major input
 * is not copied. Errors: `MISSING_INPUT`, `INVALID_ARGUMENT` (unknown name), `INVALID_DTYPE`,
 * `INVALID_SHAPE`.
 */
export function checkRunInputs(graph: Graph, inputs: Tensors): Record<string, Tensor> {
  const where = 'core/run';
  checkArgument(where, 'inputs', inputs, TENSORS);
  const fed = new Map(readEntries(where, 'inputs', inputs) as [string, Tensor][]);
  for (const [name, tensor] of fed) {
    if (!graph.inputs.has(name) && tensor !== undefined) {
      throw new AttnError('INVALID_ARGUMENT', where, unknownName('input', name, [...graph.inputs.keys()]));
    }
  }
  const checked: Record<string, Tensor> = {};
  for (const [name, id] of graph.inputs) {
    const tensor = fed.get(name);
    if (tensor === undefined) throw new AttnError('MISSING_INPUT', where, `input ${name} is required`);
    checkTensor(tensor, where, `input ${name}`);
    checkSpecOf(tensor, graph.values[id], where, `input ${name}`);
    checked[name] = rowMajor(tensor);
  }
  return checked;
}

/** Throws unless a tensor has the dtype and shape of a value. Errors: `INVALID_DTYPE`, `INVALID_SHAPE`. */
export function checkSpecOf(tensor: Tensor, { dtype, shape }: TensorSpec, where: string, name: string): void {
  if (tensor.dtype !== dtype)
    throw new AttnError('INVALID_DTYPE', where, `${name} must be ${dtype}, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, shape))
    throw new AttnError('INVALID_SHAPE', where, `${name} must be ${show(shape)}, got ${show(tensor.shape)}`);
}
