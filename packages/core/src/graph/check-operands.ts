/** Checks of a builder and its values that functions which compose ops share. */
import { checkArgument, readEntries } from '../check/check-options.ts';
import { AttnError, show } from '../errors.ts';
import { anObject, type Kind } from '../check/kinds.ts';
import { unknownName } from '../check/nearest-name.ts';
import type { GraphBuilder } from './builder.ts';

/** The names of a composition's operands. Those in `lists` may also be lists of values. */
export interface OperandNames {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly lists?: readonly string[];
}

const aBuilder: Kind = {
  expected: 'a GraphBuilder',
  test: (value) => typeof (value as Partial<GraphBuilder> | null | undefined)?.node === 'function',
};

const aValue: Kind = {
  expected: 'a value of the builder',
  test: (value) => anObject.test(value) && Array.isArray((value as { shape?: unknown }).shape),
};

const aValueOrList: Kind = {
  expected: 'a value of the builder, or a list of them',
  test: (value) => (Array.isArray(value) ? value.length > 0 && value.every(aValue.test) : aValue.test(value)),
};

/**
 * Throws `INVALID_ARGUMENT` if the builder is none, an operand is no value, or its name does not exist;
 * `MISSING_INPUT` if a required operand is absent.
 */
export function checkOperands(
  where: string,
  builder: GraphBuilder,
  operands: object,
  { required, optional, lists = [] }: OperandNames,
): void {
  checkArgument(where, 'builder', builder, aBuilder);
  const entries = readEntries(where, 'operands', operands);
  const names = [...required, ...optional];
  for (const [name, value] of entries) {
    if (!names.includes(name))
      throw new AttnError('INVALID_ARGUMENT', where, unknownName('operand', name, names));
    if (value !== undefined) checkArgument(where, name, value, lists.includes(name) ? aValueOrList : aValue);
  }
  const present = entries.filter(([, value]) => value !== undefined).map(([name]) => name);
  const missing = required.find((name) => !present.includes(name));
  if (missing !== undefined) {
    const message = `the operand ${missing} is required, got ${show(present)}`;
    throw new AttnError('MISSING_INPUT', where, message);
  }
}
