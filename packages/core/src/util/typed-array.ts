/**
 * Typed arrays, whichever realm they come from: those of an iframe, of `node:vm` or of Jest are instances of
 * other classes with the same names, and `instanceof` does not know them.
 */

/** Any typed array. */
export type TypedArray = ArrayBufferView & { readonly length: number };

/** Reads what an array was made as: no subclass and no field of the array can change it. */
const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get;

/** `Float32Array`, `Float16Array`, …; undefined for anything else, also for a `DataView`. */
export function typedArrayName(value: unknown): string | undefined {
  return nameOf?.call(value) as string | undefined;
}

/** Whether it is an array or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

/** Whether it is an `ArrayBuffer` or a `SharedArrayBuffer`. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  return ['[object ArrayBuffer]', '[object SharedArrayBuffer]'].includes(tagOf(value));
}

/** Whether it is a `Map`. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return tagOf(value) === '[object Map]';
}

function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return ''; // A hostile object.
  }
}
