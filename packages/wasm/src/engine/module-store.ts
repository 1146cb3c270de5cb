/** Emitted modules, compiled once per backend and instantiated once per memory. */
import { clock, debug, LruMap } from '@attn/core/backend';
import type { ModuleBuilder } from '../assembler/index.ts';
import { kernelsOf, type KernelFunction } from './control.ts';
import type { Heap } from './heap.ts';

/** How many modules are kept. */
const CAPACITY = 64;

let count = 0;

/** A compiled module, and its instance over one heap. */
export class LoadedModule {
  /** Different for every module of this process. */
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
    if (this.heap !== heap) {
      this.heap = heap;
      this.address = undefined;
      this.kernels = kernelsOf(new WebAssembly.Instance(this.compiled, { env: { memory: heap.memory } }));
    }
    return this.kernels[this.names.indexOf(name)];
  }

  /** Where helpers find the module's bytes in the heap of the last kernel. */
  bytesAddress(heap: Heap): number {
    if (this.address === undefined) {
      this.address = heap.allocateFixed(this.bytes.length);
      heap.u8(this.address, this.bytes.length).set(this.bytes);
    }
    return this.address;
  }

  /** Gives back what it has in the heap, and forgets the heap: an instance keeps its memory alive. */
  release(): void {
    if (this.address !== undefined) this.heap?.freeFixed(this.address);
    this.address = undefined;
    this.heap = undefined;
    this.kernels = [];
  }
}

/** The modules of a backend, by what they are specialised to. */
export class ModuleStore {
  private readonly modules = new LruMap<LoadedModule>(CAPACITY, { onEvict: (module) => module.release() });

  /** The module of that key, built if it is not there. `ATTN_DEBUG=4` prints its text. */
  load(key: string, build: () => ModuleBuilder): LoadedModule {
    const known = this.modules.get(key);
    if (known) return known;
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

  /** Forgets the heap, but not the modules. */
  leave(): void {
    for (const module of this.modules.values()) module.release();
  }

  /** Forgets all modules. */
  clear(): void {
    this.modules.clear();
  }
}
