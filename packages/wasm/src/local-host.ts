/** A host on the calling thread, with helper threads beside it. */
import { AttnError, compileGraph, type Executable, type Graph, type Probe } from '@attn/core';
import { Engine } from './engine/engine.ts';
import { features } from './engine/features.ts';
import { measureRate } from './engine/measure-rate.ts';
import { startHelper } from './engine/start-helper.ts';
import type { Host, HostOptions } from './host.ts';
import { kernelTable } from './ops/index.ts';
import { PackedWeights } from './ops/packed-weights.ts';
import type { PlanSource } from './plan-source.ts';

export class LocalHost implements Host {
  private readonly options: HostOptions;
  private probed: Probe | undefined;
  private engine: Engine | undefined;

  constructor(options: HostOptions) {
    this.options = options;
  }

  async probe(): Promise<Probe> {
    this.probed ??= this.look();
    return this.probed;
  }

  async compile(graph: Graph, plans: PlanSource): Promise<Executable> {
    const { engine } = this;
    if (engine === undefined) throw new AttnError('INTERNAL', 'wasm/compile', 'the host has not been probed');
    const weights = new PackedWeights(graph);
    return compileGraph(graph, {
      backend: 'wasm',
      kernels: kernelTable(engine, plans, weights),
      poison: this.options.poison,
      allocate: (bytes) => engine.region(bytes),
      keepMemory: false,
      turn: (task, signal) => engine.turn(task, signal),
      onRelease: () => {
        weights.release();
        engine.settle();
      },
    });
  }

  async dispose(): Promise<void> {
    await this.engine?.dispose();
  }

  private look(): Probe {
    const found = features();
    const { simd, sharedMemory } = this.options;
    if (!found.simd) return { available: false, reason: 'this engine has no WebAssembly SIMD' };
    if (simd === 'relaxed' && !found.relaxed) {
      return { available: false, reason: 'this engine has no relaxed SIMD; simd: "plain" works everywhere' };
    }
    if (sharedMemory === true && !found.sharedMemory) {
      return {
        available: false,
        reason: 'memory cannot be shared here; a page has to be cross-origin isolated for that',
      };
    }
    const best = found.relaxed ? 'relaxed' : 'plain';
    const shared = sharedMemory ?? found.sharedMemory;
    const engine = new Engine({
      simd: simd ?? best,
      sharedMemory: shared,
      threads: shared ? this.options.threads : 1,
      startHelper: this.options.startHelper ?? startHelper,
    });
    this.engine = engine;
    const rate = measureRate(engine);
    const { threads } = engine;
    const kind = engine.simd === 'relaxed' ? 'SIMD with fused multiply–add' : 'SIMD';
    return {
      available: true,
      summary: `WebAssembly ${kind}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      features: {
        threads,
        simd: engine.simd,
        sharedMemory: engine.sharedMemory,
        f16: true,
        gflops: Number((rate / 1e6).toFixed(1)),
      },
    };
  }
}
