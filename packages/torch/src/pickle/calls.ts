/** The three calls that a state dict makes, as readings of their arguments: nothing is executed. */
import { refusal } from '../errors.ts';
import { checkView, count, integers } from './numbers.ts';
import { Dict, kindOf, StorageRef, STORAGE_CLASSES, TensorRef, Token, Tuple, type Value } from './values.ts';

const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';

/** All names that a pickle may hold, by module and name, exactly. */
const NAMES: ReadonlySet<string> = new Set([
  ORDERED_DICT,
  REBUILD_TENSOR,
  REBUILD_PARAMETER,
  ...STORAGE_CLASSES.keys(),
]);

/** The longest module or name that is looked at. */
const MOST_CHARACTERS = 300;

/** The token of a name. Errors: `MALFORMED_FILE` for every name that is not on the list. */
export function tokenOf(module: string, name: string): Token {
  // The whole pair has to be the one of the list: a dotted name would reach into what a listed name holds.
  const isListed =
    module.length + name.length <= MOST_CHARACTERS && !name.includes('.') && NAMES.has(`${module}.${name}`);
  if (isListed) return new Token(`${module}.${name}`);
  const text = `${module}.${name}`.slice(0, 80);
  throw refusal(
    'forbidden',
    `the pickle names ${JSON.stringify(text)}, which is none of the functions and classes of a state dict`,
  );
}

/** What a call gives. Errors: `MALFORMED_FILE`. */
export function reduce(callee: Value, args: Value): Value {
  if (!(callee instanceof Token))
    throw refusal('forbidden', `the pickle calls ${kindOf(callee)}, which is not on the list`);
  if (!(args instanceof Tuple))
    throw refusal('pickle', `the arguments of ${callee.name} must be a tuple, got ${kindOf(args)}`);
  const { items } = args;
  switch (callee.name) {
    case ORDERED_DICT:
      if (items.length > 0) throw refusal('forbidden', 'OrderedDict is called with arguments');
      return new Dict(true);
    case REBUILD_TENSOR:
      return tensorOf(items);
    case REBUILD_PARAMETER:
      return parameterOf(items);
    default:
      throw refusal('forbidden', `the pickle calls ${callee.name}, which is a class of storages`);
  }
}

/** `(storage, offset, size, stride, requires_grad, hooks)`, and an empty seventh part in newer files. */
function tensorOf(items: readonly Value[]): TensorRef {
  if (items.length !== 6 && items.length !== 7)
    throw refusal('tensor', `_rebuild_tensor_v2 takes 6 or 7 arguments, got ${items.length}`);
  const [storage, offset, size, stride, requiresGrad, hooks, metadata = null] = items;
  if (!(storage instanceof StorageRef))
    throw refusal('tensor', `a tensor must have a storage, got ${kindOf(storage)}`);
  checkFlagAndHooks(requiresGrad, hooks);
  if (metadata !== null && !isEmptyDict(metadata))
    throw refusal('tensor', `the metadata of a tensor must be empty, got ${kindOf(metadata)}`);
  const shape = integers('size', size);
  const strides = integers('stride', stride);
  const start = count('offset', offset);
  checkView(storage.length, start, shape, strides);
  return new TensorRef(storage, start, shape, strides);
}

/** `(tensor, requires_grad, hooks)` */
function parameterOf(items: readonly Value[]): TensorRef {
  if (items.length !== 3)
    throw refusal('tensor', `_rebuild_parameter takes 3 arguments, got ${items.length}`);
  const [tensor, requiresGrad, hooks] = items;
  if (!(tensor instanceof TensorRef))
    throw refusal('tensor', `a parameter must have a tensor, got ${kindOf(tensor)}`);
  checkFlagAndHooks(requiresGrad, hooks);
  return tensor;
}

function checkFlagAndHooks(requiresGrad: Value, hooks: Value): void {
  if (typeof requiresGrad !== 'boolean')
    throw refusal('tensor', `requires_grad must be True or False, got ${kindOf(requiresGrad)}`);
  if (!isEmptyDict(hooks))
    throw refusal('tensor', `backward hooks must be an empty dict, got ${kindOf(hooks)}`);
}

function isEmptyDict(value: Value): boolean {
  return value instanceof Dict && value.entries.length === 0;
}

/** Parts of a persistent id. A legacy file has a sixth: None, or a view of the record. */
export type IdParts = 5 | 6;

/**
 * The storage of a persistent id, `('storage', class, key, location, elements)`. Errors: `MALFORMED_FILE`.
 *
 * @param parts how many there are in this format
 */
export function storageOf(id: Value, parts: IdParts): StorageRef {
  if (!(id instanceof Tuple)) throw refusal('pickle', `a persistent id must be a tuple, got ${kindOf(id)}`);
  const { items } = id;
  if (items.length !== parts)
    throw refusal('pickle', `a persistent id must have ${parts} parts, got ${items.length}`);
  const [tag, storageClass, key, location, elements, view = null] = items;
  if (tag !== 'storage') throw refusal('pickle', `a persistent id must be of a storage, got ${kindOf(tag)}`);
  const dtype = storageClass instanceof Token ? STORAGE_CLASSES.get(storageClass.name) : undefined;
  if (dtype === undefined)
    throw refusal('pickle', `a persistent id must have a class of storages, got ${kindOf(storageClass)}`);
  if (typeof key !== 'string' || !/^(0|[1-9]\d*)$/.test(key))
    throw refusal('tensor', `the key of a storage must be a number in a string, got ${kindOf(key)}`);
  if (typeof location !== 'string')
    throw refusal('pickle', `the location of a storage must be a string, got ${kindOf(location)}`);
  const length = count('number of elements', elements);
  return view === null ? new StorageRef(key, dtype, length) : viewOf(view, key, dtype, length);
}

/** A legacy view `(key, offset, size)`, in elements of the record. */
function viewOf(view: Value, key: string, dtype: StorageRef['dtype'], length: number): StorageRef {
  if (!(view instanceof Tuple) || view.items.length !== 3 || typeof view.items[0] !== 'string')
    throw refusal('tensor', `the view of a storage must be (key, offset, size), got ${kindOf(view)}`);
  const offset = count('offset of a view', view.items[1]);
  const size = count('size of a view', view.items[2]);
  if (offset + size > length)
    throw refusal(
      'tensor',
      `a view of elements ${offset} to ${offset + size} leaves its storage of ${length}`,
    );
  return new StorageRef(key, dtype, length, offset, size);
}
