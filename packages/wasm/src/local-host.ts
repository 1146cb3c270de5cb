/** A host on the calling thread, with helper threads beside it. */
import { AttnError, type Graph, type Probe } from '@attn/core';
import { compileGraph, type Executable } from '@attn/core/backend';
import { Engine } from './engine/engine.ts';
import { FirstHelper } from './engine/first-helper.ts';
import { nodeProcess } from './engine/host.ts';
import { measureSpeed } from './engine/measure-speed.ts';
import type { EngineSpeed } from './engine/speed.ts';
import type { Host, HostOptions } from './host.ts';
import { kernelTable } from './ops/index.ts';
import { PackedWeights, WeightStore } from './ops/packed-weights.ts';
import type { PlanSource } from './plan-source.ts';
import { look, type EngineSettings } from './probe.ts';
import { startHelper, whyNoHelper } from './workers/start-helper.ts';

/** Milliseconds that the first helper of a browser has to start. */
const START_MS = 3000;

export class LocalHost implements Host {
  private readonly options: HostOptions;
  private readonly firstHelper: FirstHelper;
  private engine: Engine | undefined;
  private settings: EngineSettings | undefined;
  private readonly weights = new WeightStore();

  constructor(options: HostOptions) {
    this.options = options;
    this.firstHelper = new FirstHelper(options.startHelper ?? startHelper);
  }

  async probe(): Promise<Probe> {
    const { probe, settings } = look(this.options, await this.whyAlone());
    // An engine that has begun keeps the memory and the threads that it has.
    this.settings ??= settings;
    return probe;
  }

  async measureSpeed(): Promise<EngineSpeed> {
    const engine = await this.started();
    return engine.turn(() => measureSpeed(engine));
  }

  async compile(graph: Graph, plans: PlanSource): Promise<Executable> {
    const engine = await this.started();
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
    await this.firstHelper.dispose();
  }

  /**
   * Why there are no helpers. In Node that can be seen without starting one; or all that were started have
   * died.
   */
  private async whyAlone(): Promise<string | undefined> {
    const { threads, startHelper: start } = this.options;
    const gaveUp = this.engine?.whyAlone;
    if (gaveUp !== undefined) return gaveUp;
    if (look(this.options).settings?.sharedMemory !== true || threads < 2) return undefined;
    if (nodeProcess() !== undefined) return start === undefined ? whyNoHelper() : undefined;
    const reason = await this.firstHelper.whyNot(START_MS);
    return reason === undefined ? undefined : `helper threads do not start: ${reason}`;
  }

  private async started(): Promise<Engine> {
    if (this.settings === undefined) {
      const probe = await this.probe();
      if (!probe.available) throw new AttnError('BACKEND_UNAVAILABLE', 'wasm/compile', probe.reason);
    }
    if (this.settings === undefined) throw new AttnError('INTERNAL', 'wasm/compile', 'there are no settings');
    const { heapStart } = this.options;
    this.engine ??= new Engine({ ...this.settings, startHelper: this.firstHelper.start, heapStart });
    return this.engine;
  }
}
