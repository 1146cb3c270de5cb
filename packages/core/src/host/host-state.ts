/** State in host memory: a region for each tensor. Kernels read and write it in place. */
import { createPause, type Pause } from '../async/pause.ts';
import type { State, StateMemory } from '../contract/state.ts';
import { States } from '../contract/states.ts';
import { AttnError } from '../errors.ts';
import { byteLengthOf, sizeOf, storageOver, type Tensor, type TensorSpec } from '../tensor.ts';
import { inChunks, rowsInChunks } from './kernels/chunks.ts';
import { copyBox } from './kernels/move.ts';
import { bufferRegion, type Region } from './region.ts';

/** How a backend keeps states in host memory. */
export interface HostStateOptions {
  /** Allocates a tensor. Default: an `ArrayBuffer`. */
  readonly allocate?: (bytes: number) => Region;
  /** Does work that allocates when it is its turn, as in `ExecutorOptions`. Default: at once. */
  readonly turn?: <T>(task: () => Promise<T>) => Promise<T>;
}

/** The states of a backend in host memory; `compileGraph` takes them as an option. */
export class HostStates extends States<HostStateMemory> {
  private readonly options: HostStateOptions;

  /** @param backend the backend's name, for errors */
  constructor(backend: string, options: HostStateOptions = {}) {
    super(backend);
    this.options = options;
  }

  /** Creates a state of zeros: `Backend.createState`. */
  createState(specs: Readonly<Record<string, TensorSpec>>): Promise<State> {
    return this.create(specs, (checked) => HostStateMemory.create(this.backend, checked, this.options));
  }
}

/** A tensor of a state. */
interface Held extends TensorSpec {
  readonly region: Region;
}

export class HostStateMemory implements StateMemory<HostStateMemory> {
  private readonly held: Map<string, Held>;
  private readonly turn: NonNullable<HostStateOptions['turn']>;
  private readonly allocate: (bytes: number) => Region;
  private readonly pause: Pause;
  private readonly backend: string;
  private readonly options: HostStateOptions;

  private constructor(backend: string, options: HostStateOptions) {
    this.backend = backend;
    this.options = options;
    this.held = new Map();
    this.turn = options.turn ?? ((task) => task());
    this.allocate = options.allocate ?? bufferRegion;
    this.pause = createPause(undefined, `${backend}/state`);
  }

  /** Allocates tensors of zeros. */
  static create(
    backend: string,
    specs: Readonly<Record<string, TensorSpec>>,
    options: HostStateOptions,
  ): Promise<HostStateMemory> {
    const memory = new HostStateMemory(backend, options);
    return memory.turn(async () => {
      const entries = Object.entries(specs);
      const regions = memory.regions(entries.map(([, spec]) => byteLengthOf(spec)));
      for (const [index, [name, spec]] of entries.entries()) {
        memory.held.set(name, { ...spec, region: regions[index] });
        await memory.clear(regions[index]);
      }
      return memory;
    });
  }

  /** A tensor in place. Its array is valid until something is allocated. */
  tensor(name: string): Tensor {
    const { dtype, shape, region } = this.get(name);
    return { dtype, shape, data: storageOver(dtype, region.buffer, region.byteOffset, sizeOf(shape)) };
  }

  async read(name: string): Promise<Tensor> {
    const { dtype, shape, data } = this.tensor(name);
    return { dtype, shape, data: data.slice() };
  }

  async write(name: string, { data }: Tensor): Promise<void> {
    this.tensor(name).data.set(data);
  }

  /** Tensors of one size pass their old memory on: beams need room for one more tensor, not for all. */
  reorder(rows: Int32Array, names: readonly string[]): Promise<void> {
    return this.turn(async () => {
      const changes = names.map((name) => {
        const { dtype, shape } = this.get(name);
        return { name, dtype, shape: shape.with(0, rows.length) };
      });
      const spares = this.sparesFor(changes);
      for (const { name, dtype, shape } of changes) {
        const { data: from } = this.tensor(name);
        const { region: old } = this.get(name);
        const region = take(spares, byteLengthOf({ dtype, shape }));
        this.held.set(name, { dtype, shape, region });
        const { data: to } = this.tensor(name);
        const length = sizeOf(shape.slice(1));
        await rowsInChunks(rows.length, length, this.pause, (row, start, end) =>
          to.set(from.subarray(rows[row] * length + start, rows[row] * length + end), row * length + start),
        );
        spares.push(old);
      }
      for (const region of spares) region.release();
    });
  }

  fork(): Promise<HostStateMemory> {
    return this.turn(async () => {
      const copy = new HostStateMemory(this.backend, this.options);
      const regions = this.regions([...this.held.values()].map(byteLengthOf));
      for (const [index, [name, { dtype, shape }]] of [...this.held].entries()) {
        copy.held.set(name, { dtype, shape, region: regions[index] });
        const [to, from] = [copy.tensor(name).data, this.tensor(name).data];
        await inChunks(to.length, 1, this.pause, (start, end) => to.set(from.subarray(start, end), start));
      }
      return copy;
    });
  }

  resize(name: string, shape: readonly number[]): Promise<void> {
    return this.turn(async () => {
      const { dtype, region: old } = this.get(name);
      const [region] = this.regions([byteLengthOf({ dtype, shape })]);
      await this.clear(region);
      const from = this.tensor(name);
      this.held.set(name, { dtype, shape, region });
      await copyBox(from, this.tensor(name), this.pause);
      old.release();
    });
  }

  dispose(): void {
    for (const { region } of this.held.values()) region.release();
    this.held.clear();
  }

  private get(name: string): Held {
    const held = this.held.get(name);
    if (held === undefined) throw new AttnError('INTERNAL', `${this.backend}/state`, `there is no ${name}`);
    return held;
  }

  /** The regions that `reorder` needs beside those that it passes on. */
  private sparesFor(changes: readonly (TensorSpec & { readonly name: string })[]): Region[] {
    const free: number[] = [];
    const missing: number[] = [];
    for (const change of changes) {
      const bytes = byteLengthOf(change);
      const index = free.indexOf(bytes);
      if (index < 0) missing.push(bytes);
      else free.splice(index, 1);
      free.push(this.get(change.name).region.byteLength);
    }
    return this.regions(missing);
  }

  /** Allocates regions: all, or none. */
  private regions(sizes: readonly number[]): Region[] {
    const regions: Region[] = [];
    try {
      for (const bytes of sizes) regions.push(this.allocate(bytes));
      return regions;
    } catch (cause) {
      for (const region of regions) region.release();
      if (cause instanceof AttnError) throw cause;
      const message = `could not allocate ${sizes[regions.length]} bytes for a state`;
      throw new AttnError('OUT_OF_MEMORY', `${this.backend}/state`, message, { cause });
    }
  }

  /** New buffers are zeros, and take no memory before they are written. */
  private async clear(region: Region): Promise<void> {
    if (this.options.allocate === undefined) return;
    await inChunks(region.byteLength, 1, this.pause, (from, to) =>
      new Uint8Array(region.buffer, region.byteOffset + from, to - from).fill(0),
    );
  }
}

/** Takes a region of a size out of the spares. */
function take(spares: Region[], bytes: number): Region {
  const index = spares.findIndex(({ byteLength }) => byteLength === bytes);
  return spares.splice(index, 1)[0];
}
