/** Memory: allocations do not overlap, none is lost, and unused memory is released. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Engine } from './engine.ts';
import { FreeList } from './free-list.ts';
import { Heap } from './heap.ts';

describe('the free list', () => {
  test.each([64, 2 ** 31 - 4096, 2 ** 32 - 4 * 65_536])(
    'from %d on gives ranges that do not overlap, and has everything again at the end',
    (start) => {
      const step = fc.record({ bytes: fc.integer({ min: 0, max: 5000 }), give: fc.nat() });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const list = new FreeList(start, start + 65_536);
          const ranges: { address: number; bytes: number }[] = [];
          for (const { bytes, give } of steps) {
            if (ranges.length > 0 && give % 3 === 0) {
              const [range] = ranges.splice(give % ranges.length, 1);
              list.give(range.address);
            }
            const address = list.take(bytes);
            if (address === undefined) {
              list.grow(65_536);
              continue;
            }
            expect(address % 64).toBe(0);
            for (const other of ranges) {
              expect(address >= other.address + other.bytes || other.address >= address + bytes).toBe(true);
            }
            ranges.push({ address, bytes });
          }
          for (const { address } of ranges) list.give(address);
          expect(list.usedBytes).toBe(0);
          // All is one range again: the largest piece fits.
          expect(list.take(65_536 - 64)).toBe(start);
        }),
      );
    },
  );

  test('says how much is missing', () => {
    const list = new FreeList(0, 1024);
    list.take(512);
    expect(list.missing(1024)).toBe(512);
    expect(() => list.give(4)).toThrow('address 4 is not taken');
  });
});

describe.each([true, false])('a heap, shared: %s', (shared) => {
  test('keeps addresses and content when it grows', () => {
    const heap = new Heap({ shared });
    const first = heap.allocate(64);
    heap.i32(first, 2).set([7, 8]);
    const big = heap.allocate(3_000_000);
    expect([...heap.i32(first, 2)]).toEqual([7, 8]);
    expect(heap.byteLength).toBeGreaterThan(3_000_000);
    expect(heap.addressOf(heap.f32(big, 4))).toBe(big);
    expect(heap.addressOf(new Float32Array(4))).toBeUndefined();
    heap.free(first);
    heap.free(big);
    expect(heap.isEmpty).toBe(true);
  });

  test('is empty in spite of fixed allocations', () => {
    const heap = new Heap({ shared });
    const fixed = heap.allocateFixed(100);
    expect(heap.isEmpty).toBe(true);
    expect(heap.usedBytes).toBe(128);
    heap.freeFixed(fixed);
    expect(heap.usedBytes).toBe(0);
  });

  test('ends before the last of all addresses, in one piece', () => {
    const heap = new Heap({ shared, start: 2 ** 32 - 3 * 2 ** 20 });
    const first = heap.allocate(2 ** 20);
    const last = heap.allocate(2 ** 20);
    expect([first, last]).toEqual([2 ** 32 - 3 * 2 ** 20, 2 ** 32 - 2 * 2 ** 20]);
    heap.f32(last, 2 ** 18).fill(1);
    expect(heap.addressOf(heap.f32(last, 1))).toBe(last);
    expect(() => heap.allocate(64)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
    heap.free(first);
    expect(heap.allocate(2 ** 20)).toBe(first);
  });

  test('says how much could not be allocated', () => {
    const heap = new Heap({ shared });
    expect(() => heap.allocate(2 ** 33)).toThrow(/could not grow the memory of 65536 bytes by \d+: .*4 GiB/);
  });
});

describe('an engine', () => {
  afterEach(() => void vi.useRealTimers());

  test('releases a large heap when it has been empty for a while', async () => {
    vi.useFakeTimers();
    const engine = new Engine({
      simd: 'plain',
      sharedMemory: false,
      threads: 1,
      startHelper: () => expect.unreachable(),
    });
    const small = engine.region(1000);
    small.release();
    vi.advanceTimersByTime(10_000);
    expect(engine.heldBytes).toBeGreaterThan(0);
    const big = engine.region(100e6);
    expect(engine.heldBytes).toBeGreaterThan(100e6);
    big.release();
    const again = engine.region(10);
    vi.advanceTimersByTime(10_000);
    expect(engine.heldBytes).toBeGreaterThan(100e6);
    again.release();
    vi.advanceTimersByTime(10_000);
    expect(engine.heldBytes).toBe(0);
    await engine.dispose();
  });
});
