/** A reader of memory reads all of it: the union of what it has read is at address 0. */
import { expect, test } from 'vitest';
import { memoryReader, readableMemory } from './ceilings.ts';

test.each([1, 4])('in %i places, every vector between two addresses and no other', (places) => {
  const memory = readableMemory(2 ** 16);
  const words = new Int32Array(memory.buffer);
  const reader = memoryReader(memory, places);
  const [from, to] = [1024, 1024 + 3 * 512];
  const isRead = (address: number): boolean => {
    words.fill(0);
    words[address / 4] = 7;
    reader(from, to);
    return words[0] === 7;
  };
  for (let address = from; address < to; address += 16) expect(isRead(address)).toBe(true);
  expect(isRead(from - 16)).toBe(false);
  expect(isRead(to)).toBe(false);
});
