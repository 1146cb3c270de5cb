/** The buffers of a device. A buffer that was given back is reused for data of about its size. */

/** Most bytes of free buffers that the pool keeps for reuse. */
const MOST_FREE_BYTES = 256 * 2 ** 20;

const USAGE = 0x4 | 0x8 | 0x40 | 0x80; // COPY_SRC, COPY_DST, UNIFORM, STORAGE
const STAGING_USAGE = 0x1 | 0x8; // MAP_READ, COPY_DST

/** Creates, counts and reuses the buffers of one device. */
export class BufferPool {
  private readonly device: GPUDevice;
  private readonly free: GPUBuffer[] = [];
  private readonly live = new Set<GPUBuffer>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** Number of buffers, in use or free. */
  get count(): number {
    return this.live.size;
  }

  /** Bytes of all buffers, in use or free. */
  get bytes(): number {
    return [...this.live].reduce((sum, { size }) => sum + size, 0);
  }

  /** A storage buffer of at least `bytes` bytes, with arbitrary contents. */
  acquire(bytes: number): GPUBuffer {
    const size = this.sizeFor(bytes);
    const at = this.free.findIndex((buffer) => buffer.size === size && buffer.usage === USAGE);
    return at < 0 ? this.create(size, USAGE) : this.free.splice(at, 1)[0];
  }

  /** A buffer of at least `bytes` bytes that the host can map to read results. */
  acquireStaging(bytes: number): GPUBuffer {
    const size = this.sizeFor(bytes);
    const at = this.free.findIndex((buffer) => buffer.size === size && buffer.usage === STAGING_USAGE);
    return at < 0 ? this.create(size, STAGING_USAGE) : this.free.splice(at, 1)[0];
  }

  /**
   * Makes a buffer free for reuse; a free one stays as it is. Destroys the oldest free buffers where there
   * are too many.
   */
  release(buffer: GPUBuffer): void {
    if (!this.live.has(buffer) || this.free.includes(buffer)) return;
    this.free.push(buffer);
    let freeBytes = this.free.reduce((sum, { size }) => sum + size, 0);
    while (freeBytes > MOST_FREE_BYTES) {
      const [oldest] = this.free.splice(0, 1);
      freeBytes -= oldest.size;
      this.discard(oldest);
    }
  }

  /** Destroys a buffer that cannot be reused. */
  discard(buffer: GPUBuffer): void {
    if (this.live.delete(buffer)) buffer.destroy();
  }

  /** Destroys all buffers, in use or free. */
  dispose(): void {
    for (const buffer of this.live) buffer.destroy();
    this.live.clear();
    this.free.length = 0;
  }

  /** The size class of `bytes`, or `bytes` itself where the device has no buffer of that size class. */
  private sizeFor(bytes: number): number {
    const size = sizeClass(bytes);
    return size > this.device.limits.maxBufferSize ? Math.ceil(bytes / 4) * 4 : size;
  }

  private create(size: number, usage: number): GPUBuffer {
    const buffer = this.device.createBuffer({ size, usage });
    this.live.add(buffer);
    return buffer;
  }
}

/** The next power of two, or the size halfway below it, so that at most a third is wasted. */
function sizeClass(bytes: number): number {
  const least = Math.max(256, Math.ceil(bytes / 4) * 4);
  const power = 2 ** Math.ceil(Math.log2(least));
  return power * 0.75 >= least ? power * 0.75 : power;
}
