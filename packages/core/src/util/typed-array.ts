/**
 * Typed arrays of any realm: those of an iframe, of `node:vm` or of Jest are instances of other classes with
 * the same names, which `instanceof` does not recognise.
 */

/** Any typed array. */
export type TypedArray = ArrayBufferView & { readonly length: number };

/** Reads the name of the class that made an array. No subclass and no field of the array can change it. */
const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get;

/** The class of a typed array: `Float32Array`, `Float16Array`, …; undefined for any other value. */
export function typedArrayName(value: unknown): string | undefined {
  return nameOf?.call(value) as string | undefined;
}

/** Whether a value is an array or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

/** Whether a value is an `ArrayBuffer` or a `SharedArrayBuffer`. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  return ['[object ArrayBuffer]', '[object SharedArrayBuffer]'].includes(tagOf(value));
}

/** Whether a value is a `Map`. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return tagOf(value) === '[object Map]';
}

function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return ''; // a hostile object
  }
}
