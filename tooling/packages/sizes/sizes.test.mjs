// What an application ships stays as small as it is, and docs/internals/sizes.md says how small.
import { expect, test } from 'vitest';
import { measure } from './measured.mjs';
import { documentedSizes } from './table.mjs';

const rows = await measure();
const documented = documentedSizes();

test('the page has these rows', () => {
  expect([...documented.keys()]).toEqual(rows.map(({ what }) => what));
});

test.each(rows)('$what is at most $limit kB', ({ size, limit }) => {
  expect(size).toBeLessThanOrEqual(limit);
});

test.each(rows)('$what is as large as the page says; `npm run sizes` writes it anew', ({ what, size }) => {
  expect(Math.abs(size - documented.get(what))).toBeLessThanOrEqual(0.3 + 0.1 * size);
});
