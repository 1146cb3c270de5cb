/** The names of a formula's operations and variables, and what they are called elsewhere. */
import { show } from '../errors.ts';

/** What people write in other languages and libraries, by the name that it has here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  add: '+ plus',
  sub: '- minus subtract',
  mul: '* times multiply',
  div: '/ // divide floordiv',
  mod: '% modulo remainder',
  eq: '== === equal equals',
  ne: '!= !== neq notequal',
  lt: '< less',
  le: '<= lte leq lessequal',
  gt: '> greater',
  ge: '>= gte geq greaterequal',
  and: '&& & logicaland',
  or: '|| | logicalor',
  not: '! ~ logicalnot',
  q: 'qidx query i',
  k: 'kvidx key j',
  head: 'h',
  batch: 'b',
};

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(OTHER_NAMES).flatMap(([name, others]) =>
    [name, ...others.split(' ')].map((other) => [other, name]),
  ),
);

/** The name here of what has another name elsewhere; undefined for what is not known, or is right. */
export function nameHere(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined;
  const here = NAMES.get(name.toLowerCase().replaceAll('_', ''));
  return here === name ? undefined : here;
}

/** ` (write "ge", not ">=")` for a name of elsewhere, else nothing. */
export function nameHint(name: unknown): string {
  const here = nameHere(name);
  return here === undefined ? '' : ` (write ${show(here)}, not ${show(name)})`;
}
