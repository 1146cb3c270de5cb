/** A short key of a table of integers, from its words: a mask over a million tokens takes milliseconds. */
import type { BatchRows, PairMask } from '../patterns/pattern.ts';

/** Equal for equal tables; 106 bits of two multiply–xorshift lanes. Empty for an absent table. */
export function hashRows(rows: BatchRows | undefined): string {
  if (rows === undefined) return '';
  const { batch, length } = rows;
  const data = wordsOf(rows.data);
  return `${batch}x${length}:${lane(data, 0x9e3779b9)}${lane(data, 0xc2b2ae35)}`;
}

/** Equal for equal masks of equal shapes. Empty for an absent mask. */
export function hashMask(mask: PairMask | undefined): string {
  if (mask === undefined) return '';
  const { shape, data, queryOffset } = mask;
  return `${queryOffset}@${shape.join()}:${hashRows({ batch: 1, length: data.length, data })}`;
}

/** Four bytes at a time, where they lie so. */
function wordsOf(data: ArrayLike<number>): ArrayLike<number> {
  const isAligned = data instanceof Uint8Array && data.byteOffset % 4 === 0 && data.length % 4 === 0;
  return isAligned ? new Int32Array(data.buffer, data.byteOffset, data.length / 4) : data;
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
