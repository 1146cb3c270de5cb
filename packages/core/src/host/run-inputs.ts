/** What is checked of the tensors that a run is fed, once, for every backend. */
import type { Tensors } from '../contract/backend.ts';
import { AttnError, show } from '../errors.ts';
import { checkArgument, readEntries } from '../check/check-options.ts';
import { anObject, type Kind } from '../check/kinds.ts';
import { unknownName } from '../check/nearest-name.ts';
import { sameShape } from '../ops/validate.ts';
import { checkTensor, rowMajor, type Tensor } from '../tensor.ts';
import type { Graph } from '../graph/graph.ts';

const TENSORS: Kind = { ...anObject, expected: 'an object of tensors' };

/**
 * The inputs of a run, row-major, in the order of `graph.inputs`. Nothing is copied that is row-major
 * already. Errors: `MISSING_INPUT`, `INVALID_ARGUMENT` (unknown name), `INVALID_DTYPE`, `INVALID_SHAPE`.
 */
export function checkRunInputs(graph: Graph, inputs: Tensors): Record<string, Tensor> {
  const where = 'core/run';
  checkArgument(where, 'inputs', inputs, TENSORS);
  const fed = new Map(readEntries(where, 'inputs', inputs) as [string, Tensor][]);
  const known = [...graph.inputs.keys()];
  for (const [name, given] of fed) {
    if (!graph.inputs.has(name) && given !== undefined) {
      throw new AttnError('INVALID_ARGUMENT', where, unknownName('input', name, known));
    }
  }
  const checked: Record<string, Tensor> = {};
  for (const [name, id] of graph.inputs) {
    const given = fed.get(name);
    const { dtype, shape } = graph.values[id];
    if (given === undefined) throw new AttnError('MISSING_INPUT', where, `input ${name} is required`);
    checkTensor(given, where, `input ${name}`);
    if (given.dtype !== dtype) {
      throw new AttnError('INVALID_DTYPE', where, `input ${name} must be ${dtype}, got ${given.dtype}`);
    }
    if (!sameShape(given.shape, shape)) {
      throw new AttnError(
        'INVALID_SHAPE',
        where,
        `input ${name} must be ${show(shape)}, got ${show(given.shape)}`,
      );
    }
    checked[name] = rowMajor(given);
  }
  return checked;
}
