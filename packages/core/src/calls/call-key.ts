/** Text that is equal for calls of equal graphs. */
import { aPattern } from '../patterns/options.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { isScore } from '../scores/score.ts';
import type { Tensor } from '../tensor.ts';
import type { CallDefinition } from './definition.ts';

/**
 * The names of a call with the dtypes and shapes of its tensors and the values of its options; undefined
 * where that does not say all, and for a call with unknown names. Nothing needs to be checked before.
 */
export function callKey<C extends object, V extends object>(
  definition: CallDefinition<C, V>,
  call: C,
): string | undefined {
  const { required, optional, options, sameAs = {}, records = {} } = definition;
  const tensors: readonly string[] = required;
  const more: readonly string[] = optional;
  const values = call as Readonly<Record<string, unknown>>;
  let text = definition.name;
  try {
    for (const name in values) {
      const value = values[name];
      if (value === undefined) continue;
      let part: string | undefined;
      if (Object.hasOwn(options, name)) part = optionText(name, value);
      else if (!tensors.includes(name) && !more.includes(name)) return undefined;
      else if (Object.hasOwn(sameAs, name) && values[sameAs[name]] === value) part = sameAs[name];
      else part = Object.hasOwn(records, name) ? recordText(value) : tensorText(value);
      if (part === undefined) return undefined;
      text += `;${name} ${part}`;
    }
  } catch {
    return undefined; // An object that nobody may look into, which the checks refuse.
  }
  return text;
}

function optionText(name: string, value: unknown): string | undefined {
  if (name === 'pattern') return aPattern.test(value) ? (value as Pattern).key : undefined;
  if (isScore(value)) return value.key;
  if (Array.isArray(value))
    return value.every((each) => typeof each === 'number') ? `[${value.join()}]` : undefined;
  return typeof value === 'object' ? undefined : `${typeof value} ${String(value)}`;
}

/** The names of a record with the dtypes and shapes of its tensors. */
function recordText(value: unknown): string | undefined {
  const texts = Object.entries(Object(value) as object).map(([name, tensor]) => {
    const text = tensorText(tensor);
    return text === undefined ? undefined : `${JSON.stringify(name)} ${text}`;
  });
  return texts.includes(undefined) ? undefined : `{${texts.join(';')}}`;
}

/** The dtype and shape of a tensor, or of each of a list; undefined for anything else. */
function tensorText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const texts = value.map(tensorText);
    return texts.includes(undefined) ? undefined : `[${texts.join(' ')}]`;
  }
  const { dtype, shape } = Object(value) as Partial<Tensor>;
  return typeof dtype === 'string' && Array.isArray(shape)
    ? `${dtype} ${shape.map(String).join()}`
    : undefined;
}
