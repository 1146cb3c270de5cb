import { expect, test } from 'vitest';
import { IdleMemory, type MemoryHolder } from './idle-memory.ts';

class Holder implements MemoryHolder {
  heldBytes: number;
  busy = false;

  constructor(bytes: number) {
    this.heldBytes = bytes;
  }

  releaseMemory(): void {
    if (!this.busy) this.heldBytes = 0;
  }
}

test('those that were idle for longest give up theirs first', () => {
  const memory = new IdleMemory(10);
  const [a, b, c] = [new Holder(4), new Holder(4), new Holder(4)];
  memory.idle(a);
  memory.idle(b);
  a.busy = true;
  memory.remove(a);
  a.busy = false;
  memory.idle(a);
  memory.idle(c);
  expect([a, b, c].map(({ heldBytes }) => heldBytes)).toEqual([4, 0, 4]);
});

test('those in use do not count', () => {
  const memory = new IdleMemory(10);
  const [a, b] = [new Holder(8), new Holder(8)];
  memory.idle(a);
  a.busy = true;
  memory.remove(a);
  memory.idle(b);
  expect([a, b].map(({ heldBytes }) => heldBytes)).toEqual([8, 8]);
  a.busy = false;
  memory.idle(a);
  expect([a, b].map(({ heldBytes }) => heldBytes)).toEqual([8, 0]);
});

test('what is too much for all is too much for one', () => {
  const big = new Holder(11);
  new IdleMemory(10).idle(big);
  expect(big.heldBytes).toBe(0);
});
