/**
 * Results on their way to the host: packed into a buffer that the host can map, or into several where one is
 * too small.
 */
import type { RunMemory } from '../device/run-memory.ts';

/** Results begin, and buffers end, at multiples of this many bytes. */
const ALIGNMENT = 256;

const MAP_READ = 1;

/** The place of a result: a buffer, and a range of its bytes. */
export interface Place<B> {
  readonly buffer: B;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Packs results of the given sizes, in order, into buffers of at most `most` bytes. A larger result gets a
 * buffer of its own. `totals` are the sizes of the buffers.
 */
export function placeResults(
  sizes: readonly number[],
  most: number,
): { readonly places: readonly Place<number>[]; readonly totals: readonly number[] } {
  const totals: number[] = [];
  const places = sizes.map((bytes) => {
    const aligned = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    const before = totals.at(-1);
    const needsBuffer = before === undefined || before + aligned > most;
    const offset = needsBuffer ? 0 : before;
    if (needsBuffer) totals.push(aligned);
    else totals[totals.length - 1] = before + aligned;
    return { buffer: totals.length - 1, offset, bytes };
  });
  return { places, totals };
}

/** The staging buffers of one run. */
export class Staging {
  /** The place of each result, in order. */
  readonly places: readonly Place<GPUBuffer>[];
  private readonly staging: readonly { readonly buffer: GPUBuffer; readonly bytes: number }[];

  /** @param most most bytes of a buffer */
  constructor(memory: RunMemory, sizes: readonly number[], most: number) {
    const { places, totals } = placeResults(sizes, most);
    this.staging = totals.map((bytes) => ({ buffer: memory.acquireStaging(bytes), bytes }));
    this.places = places.map((place) => ({ ...place, buffer: this.staging[place.buffer].buffer }));
  }

  /**
   * Copies of the results, once the device has finished the submitted commands. Mapping is requested at once,
   * before the first `await`. After a fault, buffers may stay mapped.
   *
   * @param targets arrays for some of the results, asked for when the results are there. What is written to
   * one is empty in the list that is returned.
   */
  async read(targets: () => readonly (ArrayBufferView | undefined)[] = () => []): Promise<ArrayBuffer[]> {
    await Promise.all(this.staging.map(({ buffer, bytes }) => buffer.mapAsync(MAP_READ, 0, bytes)));
    const mapped = new Map(
      this.staging.map(({ buffer, bytes }) => [buffer, buffer.getMappedRange(0, bytes)]),
    );
    const arrays = targets();
    const results = this.places.map(({ buffer, offset, bytes }, index) => {
      const range = mapped.get(buffer);
      const target = arrays[index];
      if (range === undefined) return new ArrayBuffer(0);
      if (target === undefined) return range.slice(offset, offset + bytes);
      new Uint8Array(target.buffer, target.byteOffset, bytes).set(new Uint8Array(range, offset, bytes));
      return new ArrayBuffer(0);
    });
    for (const { buffer } of this.staging) buffer.unmap();
    return results;
  }
}
