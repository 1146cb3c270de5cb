import { expect, test } from 'vitest';
import { inChunks, rowsInChunks } from './chunks.ts';

test('rows come whole and in order, long ones in parts', async () => {
  const parts: [row: number, from: number, to: number][] = [];
  const note = (row: number, from: number, to: number) => void parts.push([row, from, to]);
  await rowsInChunks(3, 2, () => undefined, note);
  expect(parts.splice(0)).toEqual([
    [0, 0, 2],
    [1, 0, 2],
    [2, 0, 2],
  ]);
  await rowsInChunks(2, 100_000, () => undefined, note);
  expect(parts.splice(0)).toEqual([
    [0, 0, 65_536],
    [0, 65_536, 100_000],
    [1, 0, 31_072],
    [1, 31_072, 96_608],
    [1, 96_608, 100_000],
  ]);
  await rowsInChunks(5, 0, () => undefined, note);
  await inChunks(
    0,
    7,
    () => undefined,
    () => expect.unreachable(),
  );
  expect(parts).toEqual([]);
});
