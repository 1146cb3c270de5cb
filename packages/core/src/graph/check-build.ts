/** What `GraphBuilder` checks before the ops do. */
import { AttnError, show } from '../errors.ts';
import { OP_NAMES, ops } from '../ops/index.ts';

const WHERE = 'core/graph';

/** Throws `INVALID_GRAPH` for what is no name, and for names with which plain objects of tensors cannot be trusted. */
export function checkName(what: string, name: string): void {
  if (typeof name !== 'string' || name in Object.prototype) {
    throw new AttnError(
      'INVALID_GRAPH',
      WHERE,
      `${what} must be named by a string other than those that all objects have, got ${show(name)}`,
    );
  }
}

/** Throws `INVALID_GRAPH` for an unknown op, `INVALID_ARGUMENT` for inputs and attributes that are no objects. */
export function checkNode(op: string, inputs: object, attributes: object): void {
  if (!Object.hasOwn(ops, op)) {
    throw new AttnError(
      'INVALID_GRAPH',
      WHERE,
      `there is no op ${show(op)}; known are ${OP_NAMES.join(', ')}`,
    );
  }
  checkObject(`inputs of ${op}`, inputs);
  checkObject(`attributes of ${op}`, attributes);
}

/** Throws `INVALID_ARGUMENT`. */
export function checkObject(name: string, value: object): void {
  if (typeof value !== 'object' || value === null) {
    throw new AttnError('INVALID_ARGUMENT', WHERE, `${name} must be an object, got ${show(value)}`);
  }
}
