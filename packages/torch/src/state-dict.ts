/** The top of a checkpoint: names of tensors, in order. */
import { refusal } from './errors.ts';
import { Dict, kindOf, TensorRef, type Value } from './pickle/values.ts';

/** Most tensors of a file. */
const MOST_TENSORS = 100_000;

/** The key under which Lightning keeps a state dict beside other things. */
const WRAPPER = 'state_dict';

/** The tensors of a state dict by name. Errors: `MALFORMED_FILE` for anything else, whose entry it names. */
export function stateDict(value: Value): ReadonlyMap<string, TensorRef> {
  const dict = unwrapped(value);
  const tensors = new Map<string, TensorRef>();
  for (const { key, value: tensor } of dict.entries) {
    if (typeof key !== 'string')
      throw refusal('content', `the name of a tensor must be a string, got ${kindOf(key)}`);
    if (!(tensor instanceof TensorRef)) {
      const name = JSON.stringify(key.slice(0, 80));
      throw refusal('content', `entry ${name} must be a tensor, got ${kindOf(tensor)}`);
    }
    tensors.set(key, tensor);
  }
  if (tensors.size === 0) throw refusal('content', 'it has no tensors');
  if (tensors.size > MOST_TENSORS)
    throw refusal('content', `it has ${tensors.size} tensors, and ${MOST_TENSORS} are read at most`);
  return tensors;
}

function unwrapped(value: Value): Dict {
  if (!(value instanceof Dict)) throw refusal('content', `expected a dict of tensors, got ${kindOf(value)}`);
  const inner = value.entries.find(({ key }) => key === WRAPPER)?.value;
  return inner instanceof Dict ? inner : value;
}
