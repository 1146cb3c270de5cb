/**
 * What a pickle of a state dict may hold. The kinds are kept apart, since a tuple is no list and a flag no
 * integer: None is null, flags, integers and strings are JavaScript's own, everything else is one of these
 * classes. Nothing here can be called.
 */

/** A float. It is no integer, even where its value is whole. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export class Tuple {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

export class List {
  readonly items: Value[] = [];
}

/** A dict, or an `OrderedDict`; both keep the order of their keys. */
export class Dict {
  readonly isOrdered: boolean;
  readonly entries: { readonly key: Value; value: Value }[] = [];
  private readonly keys = new Set<string>();

  constructor(isOrdered: boolean) {
    this.isOrdered = isOrdered;
  }

  /** Adds an entry. False when the key is there already. */
  add(key: string | number | boolean | null | Float, value: Value): boolean {
    const identity = identityOf(key);
    if (this.keys.has(identity)) return false;
    this.keys.add(identity);
    this.entries.push({ key, value });
    return true;
  }
}

/** Python takes 1, 1.0 and True for one key. */
function identityOf(key: string | number | boolean | null | Float): string {
  if (typeof key === 'string') return `s${key}`;
  if (key === null) return 'None';
  return `n${Number(key instanceof Float ? key.value : key)}`;
}

/** A name of the list of harmless ones, such as `torch._utils._rebuild_tensor_v2`. It stands for itself. */
export class Token {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Elements that tensors look at: those of a record of the file, or of a part of it. */
export class StorageRef {
  readonly key: string;
  readonly dtype: StorageDtype;
  /** Elements of the record. */
  readonly count: number;
  /** The part, in elements of the record. */
  readonly offset: number;
  readonly length: number;

  constructor(key: string, dtype: StorageDtype, count: number, offset = 0, length: number = count) {
    this.key = key;
    this.dtype = dtype;
    this.count = count;
    this.offset = offset;
    this.length = length;
  }
}

/** A tensor: a strided view of a storage, in elements. */
export class TensorRef {
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: StorageRef, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** Anything that can stand on the stack. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Float
  | Tuple
  | List
  | Dict
  | Token
  | StorageRef
  | TensorRef;

/** Dtypes of storages, by the names that .safetensors files give them. */
export type StorageDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** The storage classes of torch. */
export const STORAGE_CLASSES: ReadonlyMap<string, StorageDtype> = new Map<string, StorageDtype>([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

/** Bytes of an element. */
export const ELEMENT_BYTES: Readonly<Record<StorageDtype, 1 | 2 | 4 | 8>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A value as errors name it; nested values are not looked into. */
export function kindOf(value: Value): string {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return `the integer ${value}`;
    case 'string':
      return 'a string';
    default:
  }
  if (value instanceof Float) return `the float ${value.value}`;
  if (value instanceof Tuple) return 'a tuple';
  if (value instanceof List) return 'a list';
  if (value instanceof Dict) return 'a dict';
  if (value instanceof Token) return value.name;
  if (value instanceof StorageRef) return 'a storage';
  return 'a tensor';
}

/** Bytes of the record that a storage looks at. */
export function recordBytes({ dtype, count }: StorageRef): number {
  return count * ELEMENT_BYTES[dtype];
}
