/** Results on their way to the host: one after another in a buffer that it can map, and in several where one would be too large. */
import type { RunMemory } from '../device/run-memory.ts';

/** Results begin, and buffers end, at multiples of this. */
const ALIGNMENT = 256;

const MAP_READ = 1;

/** Where a result lies: in which buffer, and from which of its bytes on. */
export interface Place<B> {
  readonly buffer: B;
  readonly offset: number;
  readonly bytes: number;
}

/** Places for results of these bytes, in order, in buffers of at most `most` bytes; a larger result has one of its own. */
export function placeResults(
  sizes: readonly number[],
  most: number,
): { readonly places: readonly Place<number>[]; readonly totals: readonly number[] } {
  const totals: number[] = [];
  const places = sizes.map((bytes) => {
    const aligned = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    const before = totals.at(-1);
    const begins = before === undefined || before + aligned > most;
    const offset = begins ? 0 : before;
    if (begins) totals.push(aligned);
    else totals[totals.length - 1] = before + aligned;
    return { buffer: totals.length - 1, offset, bytes };
  });
  return { places, totals };
}

/** The buffers of one run. */
export class Staging {
  /** One for each result, in order. */
  readonly places: readonly Place<GPUBuffer>[];
  private readonly parts: readonly { readonly buffer: GPUBuffer; readonly bytes: number }[];

  /** @param most bytes of a buffer */
  constructor(memory: RunMemory, sizes: readonly number[], most: number) {
    const { places, totals } = placeResults(sizes, most);
    this.parts = totals.map((bytes) => ({ buffer: memory.acquireStaging(bytes), bytes }));
    this.places = places.map((place) => ({ ...place, buffer: this.parts[place.buffer].buffer }));
  }

  /**
   * Copies of the results, once the device has done what was submitted before; it is asked at once. After a fault, buffers may stay
   * mapped.
   */
  async read(): Promise<ArrayBuffer[]> {
    await Promise.all(this.parts.map(({ buffer, bytes }) => buffer.mapAsync(MAP_READ, 0, bytes)));
    const mapped = new Map(this.parts.map(({ buffer, bytes }) => [buffer, buffer.getMappedRange(0, bytes)]));
    const results = this.places.map(
      ({ buffer, offset, bytes }) => mapped.get(buffer)?.slice(offset, offset + bytes) ?? new ArrayBuffer(0),
    );
    for (const { buffer } of this.parts) buffer.unmap();
    return results;
  }
}
