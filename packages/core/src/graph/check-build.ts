/** What `GraphBuilder` checks before the ops do. */
import { AttnError, show } from '../errors.ts';
import { checkArgument } from '../check-options.ts';
import { anObject } from '../kinds.ts';
import { unknownName } from '../nearest-name.ts';
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

/** Throws `INVALID_GRAPH` for an unknown op, `INVALID_ARGUMENT` for inputs that are no object. */
export function checkNode(op: string, inputs: object): void {
  if (typeof op !== 'string' || !Object.hasOwn(ops, op))
    throw new AttnError('INVALID_GRAPH', WHERE, unknownName('op', op, OP_NAMES));
  checkArgument(WHERE, `inputs of ${op}`, inputs, anObject);
}
