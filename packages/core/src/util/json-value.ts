/** JSON values, and the content keys by which patterns and graphs are cached. */

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** JSON text with sorted keys, so that equal values have equal texts. */
export function canonicalJson(value: Json | undefined): string {
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) {
    // Tables of numbers are long, and have one spelling already.
    const plain = value.every((item) => typeof item === 'number');
    return plain ? JSON.stringify(value) : `[${value.map(canonicalJson).join(',')}]`;
  }
  const object = value as JsonObject;
  const fields = Object.keys(object)
    .filter((name) => object[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(object[name])}`);
  return `{${fields.join(',')}}`;
}

/**
 * A content hash of a string, two lanes of 53 bits as 28 hexadecimal digits, and its length: a
 * multiply–xorshift mix over UTF-16 units. For cache keys, not for security.
 */
export function hashText(text: string): string {
  return `${mix(text, 0x9e3779b9, 0x85ebca6b)}${mix(text, 0xc2b2ae35, 0x27d4eb2f)}-${text.length.toString(36)}`;
}

/** A key of a type with its options. Short keys are readable. */
export function contentKey(type: string, options: JsonObject): string {
  const text = canonicalJson(options);
  return text.length <= 64 ? `${type}${text}` : `${type}#${hashText(text)}`;
}

function mix(text: string, seed1: number, seed2: number): string {
  let a = 0xdeadbeef ^ seed1;
  let b = 0x41c6ce57 ^ seed2;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(16).padStart(14, '0');
}
