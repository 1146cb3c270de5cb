/** An engine on the calling thread, with helper threads beside it. */
import { AttnError, type Graph, type Probe, type State, type TensorSpec } from '@attn/core';
import { compileGraph, HostStates, nodeProcess, type Executable } from '@attn/core/backend';
import type { EngineSite, EngineSiteOptions } from './engine-site.ts';
import { Engine } from './engine/engine.ts';
import { FirstHelper } from './engine/first-helper.ts';
import { measureSpeed } from './engine/measure-speed.ts';
import type { EngineSpeed } from './engine/speed.ts';
import { kernelTable } from './ops/index.ts';
import { isPacked, PackedWeights, WeightStore } from './ops/packed-weights.ts';
import type { PlanSource } from './plan-source.ts';
import { probeRuntime, type EngineSettings } from './probe.ts';
import { startHelper, whyNoHelper } from './workers/start-helper.ts';

/** Milliseconds that the first helper of a browser has to start. */
const START_MS = 3000;

export class LocalSite implements EngineSite {
  private readonly options: EngineSiteOptions;
  private readonly firstHelper: FirstHelper;
  private engine: Engine | undefined;
  private states: HostStates | undefined;
  private settings: EngineSettings | undefined;
  private readonly weights = new WeightStore();

  constructor(options: EngineSiteOptions) {
    this.options = options;
    this.firstHelper = new FirstHelper(options.startHelper ?? startHelper);
  }

  async probe(): Promise<Probe> {
    const { probe, settings } = probeRuntime(this.options, await this.whyAlone());
    // An engine that exists keeps its memory and its threads: only the first settings count.
    this.settings ??= settings;
    return probe;
  }

  async measureSpeed(): Promise<EngineSpeed> {
    const engine = await this.startedEngine();
    return engine.inTurn(() => measureSpeed(engine));
  }

  async compile(graph: Graph, plans: PlanSource): Promise<Executable> {
    const engine = await this.startedEngine();
    const weights = new PackedWeights(graph, this.weights);
    return compileGraph(graph, {
      backend: 'wasm',
      kernels: kernelTable(engine, plans, weights),
      poison: this.options.poison,
      allocate: (bytes) => engine.region(bytes),
      states: this.statesOf(engine),
      keepMemory: false,
      keepsOwn: (node, input) => isPacked(graph, node, input),
      turn: (task, signal) => engine.inTurn(task, signal),
      onRelease: () => {
        weights.release();
        engine.scheduleHeapRelease();
      },
    });
  }

  async createState(specs: Readonly<Record<string, TensorSpec>>): Promise<State> {
    return this.statesOf(await this.startedEngine()).createState(specs);
  }

  async dispose(): Promise<void> {
    await this.engine?.dispose();
    await this.states?.dispose();
    await this.firstHelper.dispose();
  }

  /** The states in the engine's memory, which kernels use in place. Allocations wait for the end of runs. */
  private statesOf(engine: Engine): HostStates {
    this.states ??= new HostStates('wasm', {
      allocate: (bytes) => engine.region(bytes),
      turn: (task) => engine.inTurn(task),
    });
    return this.states;
  }

  /**
   * Why there are no helpers; undefined where there may be some. In Node this can be told without starting
   * one. All that were started may also have died.
   */
  private async whyAlone(): Promise<string | undefined> {
    const { threads, startHelper: start } = this.options;
    const gaveUp = this.engine?.whyAlone;
    if (gaveUp !== undefined) return gaveUp;
    if (probeRuntime(this.options).settings?.sharedMemory !== true || threads < 2) return undefined;
    if (nodeProcess() !== undefined) return start === undefined ? whyNoHelper() : undefined;
    const reason = await this.firstHelper.whyNot(START_MS);
    return reason === undefined ? undefined : `helper threads do not start: ${reason}`;
  }

  private async startedEngine(): Promise<Engine> {
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
