/** The names of a formula's operations and variables, and their names elsewhere. */
import { show } from '../errors.ts';

/** Names in other languages and libraries, by the name here. */
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

/** The name here for a name of elsewhere; undefined for names that are unknown, or already right. */
export function nameHere(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined;
  const here = NAMES.get(name.toLowerCase().replaceAll('_', ''));
  return here === name ? undefined : here;
}

/** The hint ` (write "ge", not ">=")` for a name of elsewhere; else an empty text. */
export function nameHint(name: unknown): string {
  const here = nameHere(name);
  return here === undefined ? '' : ` (write ${show(here)}, not ${show(name)})`;
}
