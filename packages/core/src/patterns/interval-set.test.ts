import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IntervalSet } from './interval-set.ts';

const mask = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 200 });

it('has the positions of its mask', () => {
  fc.assert(
    fc.property(mask, (entries) => {
      const set = IntervalSet.ofMask(entries);
      const positions = entries.flatMap((entry, i) => (entry === 1 ? [i] : []));
      expect([...set.positions()]).toEqual(positions);
      expect(set.equals(IntervalSet.ofPositions(positions))).toBe(true);
      for (let p = -2; p < entries.length + 2; p++) expect(set.has(p)).toBe(entries[p] === 1);
    }),
  );
});

it('covers runs of up to 128 positions exactly', () => {
  fc.assert(
    fc.property(
      mask,
      fc.integer({ min: -20, max: 95 }),
      fc.integer({ min: 1, max: 7 }),
      fc.nat(127),
      (entries, start, step, more) => {
        const run = { start, step, count: more + 1 };
        const hits = Array.from({ length: run.count }, (_, i) => entries[start + i * step] === 1);
        const truth = hits.every(Boolean) ? 'all' : hits.some(Boolean) ? 'some' : 'none';
        expect(IntervalSet.ofMask(entries).coverage(run)).toBe(truth);
      },
    ),
    { numRuns: 1000 },
  );
});

it('covers contiguous runs exactly, whatever their length', () => {
  const set = IntervalSet.ofMask(
    Array.from({ length: 100_000 }, (_, i) => (i < 70_000 || i > 99_000 ? 1 : 0)),
  );
  expect(set.coverage({ start: 0, step: 1, count: 70_000 })).toBe('all');
  expect(set.coverage({ start: 0, step: 1, count: 70_001 })).toBe('some');
  expect(set.coverage({ start: 70_000, step: 1, count: 29_000 })).toBe('none');
  expect(set.coverage({ start: 100_000, step: 1, count: 1e9 })).toBe('none');
});

it('says "some" of long strided runs through many intervals, and no more', () => {
  const even = IntervalSet.ofMask(Array.from({ length: 10_000 }, (_, i) => 1 - (i % 2)));
  expect(even.coverage({ start: 0, step: 2, count: 100 })).toBe('all');
  expect(even.coverage({ start: 1, step: 2, count: 100 })).toBe('none');
  expect(even.coverage({ start: 0, step: 2, count: 1000 })).toBe('some');
});
