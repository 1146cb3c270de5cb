/** Emitted modules, compiled once per backend and instantiated once per memory. */
import { clock, debug, LruMap } from '@attn/core/backend';
import type { ModuleBuilder } from '../assembler/index.ts';
import { kernelsOf, type KernelFunction } from './control.ts';
import type { Heap } from './heap.ts';

/** The largest number of modules in a store. */
const CAPACITY = 64;

let count = 0;

/** A compiled module, and its instance over one heap. */
export class LoadedModule {
  /** Number that identifies the module within this process. */
  readonly id: number = ++count;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly names: readonly string[];
  private readonly compiled: WebAssembly.Module;
  private heap: Heap | undefined;
  private kernels: readonly KernelFunction[] = [];
  private address: number | undefined;

  constructor(builder: ModuleBuilder) {
    this.bytes = builder.toBytes();
    this.compiled = new WebAssembly.Module(this.bytes);
    this.names = WebAssembly.Module.exports(this.compiled).map(({ name }) => name);
  }

  /** A kernel over a heap. */
  kernel(name: string, heap: Heap): KernelFunction {
    this.bind(heap);
    return this.kernels[this.names.indexOf(name)];
  }

  /** The address of the module's bytes in a heap, for helpers. */
  bytesAddress(heap: Heap): number {
    this.bind(heap);
    if (this.address === undefined) {
      this.address = heap.allocateFixed(this.bytes.length);
      heap.u8(this.address, this.bytes.length).set(this.bytes);
    }
    return this.address;
  }

  /** Instantiates the module over a heap, unless the last call was for the same one. */
  private bind(heap: Heap): void {
    if (this.heap === heap) return;
    this.heap = heap;
    this.address = undefined;
    this.kernels = kernelsOf(new WebAssembly.Instance(this.compiled, { env: { memory: heap.memory } }));
  }

  /** Frees the bytes in the heap and drops the instance, which would keep the heap's memory alive. */
  unbind(): void {
    if (this.address !== undefined) this.heap?.freeFixed(this.address);
    this.address = undefined;
    this.heap = undefined;
    this.kernels = [];
  }
}

/** The modules of a backend, by keys that describe what each is specialised to. */
export class ModuleStore {
  private readonly modules = new LruMap<LoadedModule>(CAPACITY, { onEvict: (module) => module.unbind() });

  /** The module of a key, built if it is new. `ATTN_DEBUG=4` prints its text. */
  load(key: string, build: () => ModuleBuilder): LoadedModule {
    const cached = this.modules.get(key);
    if (cached) return cached;
    const start = clock.now();
    const builder = build();
    const module = new LoadedModule(builder);
    this.modules.set(key, module);
    debug(4, () => {
      const ms = (clock.now() - start).toFixed(1);
      return `wasm module ${key}: ${module.bytes.length} bytes, ${ms} ms\n${builder.toText()}`;
    });
    return module;
  }

  /** Drops the instances of all modules, but not the modules. */
  unbind(): void {
    for (const module of this.modules.values()) module.unbind();
  }

  /** Drops all modules. */
  clear(): void {
    this.modules.clear();
  }
}
