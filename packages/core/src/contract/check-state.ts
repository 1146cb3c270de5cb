/** Checks of what states are created with and called with. */
import { readEntries } from '../check/check-options.ts';
import { unknownName } from '../check/nearest-name.ts';
import { AttnError, show } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { sameShape } from '../ops/validate.ts';
import { checkSpec, type TensorSpec } from '../tensor.ts';

/** The tensors of a state, by name. */
export type Specs = Readonly<Record<string, TensorSpec>>;

/** Copies specs. Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`. */
export function checkSpecs(where: string, specs: Specs): Specs {
  const entries = readEntries(where, 'specs', specs) as [string, TensorSpec][];
  if (entries.length === 0)
    throw new AttnError('INVALID_ARGUMENT', where, 'specs must name a tensor at least, got none');
  return Object.fromEntries(
    entries.map(([name, spec]) => {
      checkSpec(spec, where, `state ${name}`);
      return [name, { dtype: spec.dtype, shape: [...spec.shape] }];
    }),
  );
}

/** Errors: `MISSING_INPUT`, `INVALID_DTYPE`, `INVALID_SHAPE` unless the state has what the graph needs. */
export function checkSpecsOfGraph(where: string, graph: Graph, specs: Specs): void {
  for (const [name, id] of graph.states) {
    if (!Object.hasOwn(specs, name)) {
      const message = `the graph's state ${name} is missing; the state has ${Object.keys(specs).join(', ')}`;
      throw new AttnError('MISSING_INPUT', where, message);
    }
    checkSame(where, `state ${name}`, specs[name], graph.values[id]);
  }
}

/** Errors: `INVALID_DTYPE`, `INVALID_SHAPE` unless the specs are equal. */
export function checkSame(where: string, what: string, spec: TensorSpec, expected: TensorSpec): void {
  if (spec.dtype !== expected.dtype)
    throw new AttnError('INVALID_DTYPE', where, `${what} must be ${expected.dtype}, got ${spec.dtype}`);
  if (!sameShape(spec.shape, expected.shape)) {
    const message = `${what} must be ${show(expected.shape)}, got ${show(spec.shape)}`;
    throw new AttnError('INVALID_SHAPE', where, message);
  }
}

/** Errors: `INVALID_ARGUMENT` unless all are rows of the tensor. */
export function checkRows(where: string, name: string, { shape }: TensorSpec, rows: readonly number[]): void {
  if (shape.length === 0)
    throw new AttnError('INVALID_ARGUMENT', where, `${name} must have an axis to be reordered, got a scalar`);
  const stranger = rows.find((row) => !(Number.isInteger(row) && row >= 0 && row < shape[0]));
  if (stranger !== undefined) {
    const message = `rows must be in [0, ${shape[0]}), the rows of ${name}, got ${show(stranger)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
}

/** The spec of a tensor. Errors: `INVALID_ARGUMENT` for a name that the state does not have. */
export function specOf(where: string, specs: Specs, name: string): TensorSpec {
  if (typeof name === 'string' && Object.hasOwn(specs, name)) return specs[name];
  throw new AttnError('INVALID_ARGUMENT', where, unknownName('tensor', name, Object.keys(specs)));
}
