/** A short key of a table of integers, from its words: a mask over a million tokens takes milliseconds. */
import type { BatchRows } from '../patterns/pattern.ts';

/** Equal for equal tables; 106 bits of two multiply–xorshift lanes. Empty for an absent table. */
export function hashRows(rows: BatchRows | undefined): string {
  if (rows === undefined) return '';
  const { batch, length, data } = rows;
  return `${batch}x${length}:${lane(data, 0x9e3779b9)}${lane(data, 0xc2b2ae35)}`;
}

function lane(data: ArrayLike<number>, seed: number): string {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < data.length; i++) {
    const word = data[i] | 0;
    a = Math.imul(a ^ word, 2654435761);
    b = Math.imul(b ^ word, 1597334677);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}
