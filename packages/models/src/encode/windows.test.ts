// Windows of long texts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowsOf } from './windows.ts';

test('windows cover every token once, in order', () => {
  const property = fc.property(
    fc.nat(300),
    fc.integer({ min: 3, max: 60 }),
    fc.nat(100),
    fc.nat(1),
    fc.nat(1),
    (count, maxLength, overlapSeed, before, after) => {
      const room = maxLength - before - after;
      const ids = Array.from({ length: before + count + after + 1 }, (_, i) => i);
      const windows = windowsOf(0, { ids, before, after }, maxLength, overlapSeed % room);
      const covered = windows.flatMap((window) => {
        expect(window.ids.length).toBeLessThanOrEqual(maxLength);
        const own = window.ids.slice(window.from, window.to);
        return own.map((id, i) => [window.at + i, id]);
      });
      expect(covered).toEqual(ids.map((id) => [id, id]));
    },
  );
  fc.assert(property, { numRuns: 500 });
});
