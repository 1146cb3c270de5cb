/** How long a pass takes on the GPU itself, by timestamps, where the device has them. */

const QUERY_RESOLVE = 0x200;
const COPY_SRC = 0x4;

/** Bytes of a result: two timestamps in nanoseconds. */
export const TIMER_BYTES = 16;

/** Two timestamps, around one pass at a time. */
export class GpuTimer {
  private readonly queries: GPUQuerySet;
  private readonly resolved: GPUBuffer;

  private constructor(device: GPUDevice) {
    this.queries = device.createQuerySet({ type: 'timestamp', count: 2 });
    this.resolved = device.createBuffer({ size: TIMER_BYTES, usage: QUERY_RESOLVE | COPY_SRC });
  }

  /** Undefined on a device without timestamps. */
  static of(device: GPUDevice): GpuTimer | undefined {
    return device.features.has('timestamp-query') ? new GpuTimer(device) : undefined;
  }

  /** For the pass to be timed. */
  get writes(): GPUComputePassTimestampWrites {
    return { querySet: this.queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  /** Ends the commands with a copy of the timestamps. */
  resolve(encoder: GPUCommandEncoder, staging: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.queries, 0, 2, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, staging, offset, TIMER_BYTES);
  }

  /** Milliseconds, from the copy. */
  static read(words: ArrayBuffer): number {
    const [begin, end] = new BigUint64Array(words);
    return Number(end - begin) / 1e6;
  }

  destroy(): void {
    this.queries.destroy();
    this.resolved.destroy();
  }
}
