/** Buffers that come and go with runs: one that was given back is handed out again for something of about its size. */

/** Buffers that wait for their next use are kept up to this many bytes. */
const KEPT_BYTES = 256 * 2 ** 20;

const USAGE = 0x4 | 0x8 | 0x40 | 0x80; // COPY_SRC, COPY_DST, UNIFORM, STORAGE
const STAGING_USAGE = 0x1 | 0x8; // MAP_READ, COPY_DST

/** Counts and keeps the buffers of one device. */
export class BufferPool {
  private readonly device: GPUDevice;
  private readonly free: GPUBuffer[] = [];
  private readonly live = new Set<GPUBuffer>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** Buffers that are in use or wait. */
  get count(): number {
    return this.live.size;
  }

  /** Bytes of them all. */
  get bytes(): number {
    return [...this.live].reduce((sum, { size }) => sum + size, 0);
  }

  /** A storage buffer of at least so many bytes, holding anything. */
  acquire(bytes: number): GPUBuffer {
    const size = this.sizeFor(bytes);
    const at = this.free.findIndex((buffer) => buffer.size === size && buffer.usage === USAGE);
    return at < 0 ? this.create(size, USAGE) : this.free.splice(at, 1)[0];
  }

  /** A buffer to read results from. */
  acquireStaging(bytes: number): GPUBuffer {
    const size = this.sizeFor(bytes);
    const at = this.free.findIndex((buffer) => buffer.size === size && buffer.usage === STAGING_USAGE);
    return at < 0 ? this.create(size, STAGING_USAGE) : this.free.splice(at, 1)[0];
  }

  /** Gives a buffer back, once: one that waits already stays as it is. The one that has waited longest goes when too many wait. */
  release(buffer: GPUBuffer): void {
    if (!this.live.has(buffer) || this.free.includes(buffer)) return;
    this.free.push(buffer);
    let kept = this.free.reduce((sum, { size }) => sum + size, 0);
    while (kept > KEPT_BYTES) {
      const [oldest] = this.free.splice(0, 1);
      kept -= oldest.size;
      this.discard(oldest);
    }
  }

  /** Destroys a buffer that nobody will want again. */
  discard(buffer: GPUBuffer): void {
    if (this.live.delete(buffer)) buffer.destroy();
  }

  /** Destroys all, in use or not. */
  destroy(): void {
    for (const buffer of this.live) buffer.destroy();
    this.live.clear();
    this.free.length = 0;
  }

  /** The size class, unless the device has no buffers as large as that. */
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

/** Powers of two and what is half way between them, so that at most a third is wasted. */
function sizeClass(bytes: number): number {
  const least = Math.max(256, Math.ceil(bytes / 4) * 4);
  const power = 2 ** Math.ceil(Math.log2(least));
  return power * 0.75 >= least ? power * 0.75 : power;
}
