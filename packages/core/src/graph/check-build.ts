/** Checks of `GraphBuilder` that come before those of the ops. */
import { AttnError, show } from '../errors.ts';
import { readEntries } from '../check/check-options.ts';
import { unknownName } from '../check/nearest-name.ts';
import type { OpName } from '../ops/op-name.ts';
import { OP_NAMES, ops } from '../ops/index.ts';
import { isOfFamily } from '../ops/validate.ts';

const WHERE = 'core/graph';

/** Throws `INVALID_GRAPH` for a name that is no string, or that all objects have: tensors go by name. */
export function checkName(what: string, name: string): void {
  if (typeof name !== 'string' || name in Object.prototype) {
    throw new AttnError(
      'INVALID_GRAPH',
      WHERE,
      `${what} must be named by a string other than those that all objects have, got ${show(name)}`,
    );
  }
}

/**
 * The inputs of a node that are present. Errors: `INVALID_GRAPH` for an unknown op, `INVALID_ARGUMENT` for
 * inputs that the op does not have.
 */
export function checkNode(op: OpName, inputs: object): [string, unknown][] {
  if (typeof op !== 'string' || !Object.hasOwn(ops, op))
    throw new AttnError('INVALID_GRAPH', WHERE, unknownName('op', op, OP_NAMES));
  const { required, optional = [] } = ops[op];
  const entries = readEntries(WHERE, `inputs of ${op}`, inputs).filter(([, value]) => value !== undefined);
  const names = [...required, ...optional];
  if (names.length > 0) checkInputNames(op, Object.fromEntries(entries), names);
  return entries;
}

/** Throws `INVALID_ARGUMENT` for an input that is present and has another name than these. */
export function checkInputNames(op: OpName, inputs: object, names: readonly string[]): void {
  const stranger = Object.entries(inputs).find(
    ([name, value]) => value !== undefined && !names.includes(name) && !isOfFamily(ops[op], name),
  );
  if (stranger !== undefined)
    throw new AttnError('INVALID_ARGUMENT', `core/${op}`, unknownName('input', stranger[0], names));
}
