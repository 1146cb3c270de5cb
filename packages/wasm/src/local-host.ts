/** A host on the calling thread, with helper threads beside it. */
import { AttnError, compileGraph, type Executable, type Graph } from '@attn/core';
import { Engine } from './engine/engine.ts';
import { measureSpeed } from './engine/measure-speed.ts';
import type { EngineSpeed } from './engine/speed.ts';
import { startHelper } from './engine/start-helper.ts';
import type { Host, HostOptions } from './host.ts';
import { kernelTable } from './ops/index.ts';
import { PackedWeights, WeightStore } from './ops/packed-weights.ts';
import type { PlanSource } from './plan-source.ts';
import { look } from './probe.ts';

export class LocalHost implements Host {
  private readonly options: HostOptions;
  private engine: Engine | undefined;
  private readonly weights = new WeightStore();

  constructor(options: HostOptions) {
    this.options = options;
  }

  async measureSpeed(): Promise<EngineSpeed> {
    const engine = this.started();
    return engine.turn(() => measureSpeed(engine));
  }

  async compile(graph: Graph, plans: PlanSource): Promise<Executable> {
    const engine = this.started();
    const weights = new PackedWeights(graph, this.weights);
    return compileGraph(graph, {
      backend: 'wasm',
      kernels: kernelTable(engine, plans, weights),
      poison: this.options.poison,
      allocate: (bytes) => engine.region(bytes),
      keepMemory: false,
      keepsOwn: ({ op }, input) => op === 'linear' && input === 'weight',
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

  private started(): Engine {
    const { startHelper: start = startHelper, heapStart } = this.options;
    const { probe, settings } = look(this.options);
    if (settings === undefined) {
      const reason = probe.available ? 'unknown' : probe.reason;
      throw new AttnError('BACKEND_UNAVAILABLE', 'wasm/compile', reason);
    }
    this.engine ??= new Engine({ ...settings, startHelper: start, heapStart });
    return this.engine;
  }
}
