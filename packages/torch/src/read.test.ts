// What is read of a file, and how often.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTorch } from './read.ts';
import type { FileRange } from './records.ts';
import { bytesSource, type TorchSource } from './source.ts';

/** A golden file, and the ranges that are read of it. */
function recorded(id: string): { readonly source: TorchSource; readonly ranges: [number, number][] } {
  const path = join(import.meta.dirname, '../goldens/state', id, 'pytorch_model.bin');
  const bytes = bytesSource(new Uint8Array(readFileSync(path)));
  const ranges: [number, number][] = [];
  const read: TorchSource['read'] = (offset, length) => {
    ranges.push([offset, length]);
    return bytes.read(offset, length);
  };
  return { source: { ...bytes, read }, ranges };
}

describe.each(['same_object_twice_zip', 'same_object_twice_legacy', 'many_views_zip', 'many_views_legacy'])(
  '%s',
  (id) => {
    test('a storage that several names share is read once, together and one after the other', async () => {
      const { source, ranges } = recorded(id);
      const file = await openTorch(source);
      const shared = file.names.filter(
        (name) => file.spec(name).storage === file.spec(file.names[0]).storage,
      );
      expect(shared.length).toBeGreaterThan(1);
      ranges.length = 0;
      const together = await Promise.all(shared.map((name) => file.bytes(name)));
      const later = [];
      for (const name of shared) later.push(await file.bytes(name));
      expect(later).toEqual(together);
      expect(ranges).toHaveLength(1);
    });
  },
);

test.each(['many_storages', 'old_zip_1_6', 'root_archive'])('opening %s reads no storage', async (id) => {
  const { source, ranges } = recorded(id);
  const file = await openTorch(source);
  ranges.length = 0;
  const places = await Promise.all(file.names.map((name) => file.range(name)));
  expect(places.map((place) => place?.byteLength)).toEqual(
    file.names.map((name) => file.spec(name).byteLength),
  );
  // Where a storage lies is known from its local header.
  const hits = places.flatMap((place) =>
    place === undefined ? [] : ranges.filter(([from, length]) => overlaps(place, from, from + length)),
  );
  expect(hits).toEqual([]);
});

/** Whether a range of a file has bytes between two places. */
function overlaps({ offset, byteLength }: FileRange, from: number, to: number): boolean {
  return Math.max(offset, from) < Math.min(offset + byteLength, to);
}
