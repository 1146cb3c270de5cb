/** Measures how long a pass takes on the GPU itself, by timestamps, where the device has them. */

const QUERY_RESOLVE = 0x200;
const COPY_SRC = 0x4;

/** Bytes of a measurement: two timestamps in nanoseconds. */
export const TIMER_BYTES = 16;

/** Two timestamps around a pass. It measures one pass at a time. */
export class GpuTimer {
  private readonly queries: GPUQuerySet;
  private readonly resolved: GPUBuffer;

  private constructor(device: GPUDevice) {
    this.queries = device.createQuerySet({ type: 'timestamp', count: 2 });
    this.resolved = device.createBuffer({ size: TIMER_BYTES, usage: QUERY_RESOLVE | COPY_SRC });
  }

  /** A timer, or undefined on a device without timestamps. */
  static create(device: GPUDevice): GpuTimer | undefined {
    return device.features.has('timestamp-query') ? new GpuTimer(device) : undefined;
  }

  /** The option `timestampWrites` of the pass to measure. */
  get writes(): GPUComputePassTimestampWrites {
    return { querySet: this.queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  /** Adds commands that copy the timestamps to a staging buffer. */
  resolve(encoder: GPUCommandEncoder, staging: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.queries, 0, 2, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, staging, offset, TIMER_BYTES);
  }

  /** Milliseconds of the pass, from the copied timestamps. */
  static read(words: ArrayBuffer): number {
    const [begin, end] = new BigUint64Array(words);
    return Number(end - begin) / 1e6;
  }

  /** Destroys the query set and its buffer. */
  dispose(): void {
    this.queries.destroy();
    this.resolved.destroy();
  }
}
