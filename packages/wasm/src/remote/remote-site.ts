/** An engine in a worker, seen from the page: the page checks inputs and makes plans, the worker computes. */
import { AttnError, type Graph, type Probe, type State, type Tensors, type TensorSpec } from '@attn/core';
import {
  checkRunInputs,
  checkRunOutputs,
  createPause,
  inputSpecs,
  intoOutputs,
  States,
  throwIfAborted,
  type Executable,
  type PlannedCall,
  type RunOptions,
  withRunOptions,
} from '@attn/core/backend';
import type { EngineSpeed } from '../engine/speed.ts';
import type { EngineSite, EngineSiteOptions } from '../engine-site.ts';
import type { PlanSource } from '../plan-source.ts';
import { compact, compactTensor } from './compact.ts';
import { Connection, type MakePlan } from './connection.ts';
import { RemoteStateMemory } from './remote-state.ts';
import type { WireGraph } from './protocol.ts';
import { startEngine } from '../workers/start-engine.ts';

/** A worker that has started, and the result of its probe. */
interface Link {
  readonly connection: Connection;
  readonly probe: Probe;
}

export class RemoteSite implements EngineSite {
  private readonly options: EngineSiteOptions;
  private readonly executables = new Map<number, { readonly graph: Graph; readonly plans: PlanSource }>();
  private readonly states = new States<RemoteStateMemory>('wasm');
  private count = 0;
  private link: Promise<Link> | undefined;
  private disposed = false;

  constructor(options: EngineSiteOptions) {
    this.options = options;
  }

  /** The probe of the worker, which this starts. Errors: those that prevent its start. */
  async probe(): Promise<Probe> {
    return (await this.connect()).probe;
  }

  async measureSpeed(): Promise<EngineSpeed> {
    const { connection } = await this.connect();
    const speed = await connection.call((call) => ({ type: 'measure', call }));
    return speed as EngineSpeed;
  }

  async compile(graph: Graph, plans: PlanSource): Promise<Executable> {
    const number = ++this.count;
    this.executables.set(number, { graph, plans });
    const executable = new RemoteExecutable(
      number,
      graph,
      this.states,
      () => this.connect(),
      () => this.forget(number),
    );
    try {
      await executable.prepare();
    } catch (error) {
      executable.dispose();
      throw error;
    }
    return executable;
  }

  async createState(specs: Readonly<Record<string, TensorSpec>>): Promise<State> {
    const { connection } = await this.connect();
    return this.states.create(specs, (checked) => RemoteStateMemory.create(connection, checked));
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    const link = await this.link?.catch(() => undefined);
    await link?.connection.close();
    await this.states.dispose();
  }

  /** The link to the worker, or to a new worker when the last one has died. */
  private connect(): Promise<Link> {
    if (this.disposed) {
      return Promise.reject(new AttnError('DISPOSED', 'wasm/run', 'the backend has been disposed'));
    }
    const last = this.link;
    this.link = (async () => {
      const link = await last?.catch(() => undefined);
      return link && !link.connection.isOver ? link : this.start();
    })();
    return this.link;
  }

  private async start(): Promise<Link> {
    const { threads, simd, sharedMemory, poison } = this.options;
    const options = { threads, simd, sharedMemory, poison };
    const connection = new Connection(this.options.startEngine ?? startEngine, (request) =>
      this.makePlan(request),
    );
    try {
      const probe = await connection.call((call) => ({ type: 'start', call, options }));
      return { connection, probe: probe as Probe };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  private forget(executable: number): void {
    this.executables.delete(executable);
    void this.link?.then(
      ({ connection }) => connection.send({ type: 'dispose', executable }),
      () => {},
    );
  }

  /** Answers a `PlanQuestion`: plans a node from its shapes and from the data that the worker has sent. */
  private readonly makePlan: MakePlan = async ({ executable, node: index, data }): Promise<PlannedCall> => {
    const { graph, plans } = this.executables.get(executable) ?? {};
    const node = graph?.nodes[index];
    if (graph === undefined || plans === undefined || node?.op !== 'attention') {
      throw new AttnError(
        'INTERNAL',
        'wasm/worker',
        `there is no attention at node ${index} of ${executable}`,
      );
    }
    return plans.plan(node, inputSpecs(graph, node), data, createPause(undefined, 'wasm/run'));
  };
}

class RemoteExecutable implements Executable {
  private readonly number: number;
  private readonly graph: Graph;
  private readonly states: States<RemoteStateMemory>;
  private readonly connect: () => Promise<{ readonly connection: Connection }>;
  private readonly forget: () => void;
  /** The connection over which the graph has been compiled, or is being compiled. */
  private compilation: { readonly connection: Connection; readonly compiled: Promise<unknown> } | undefined;
  private disposed = false;
  private runs = 0;

  constructor(
    number: number,
    graph: Graph,
    states: States<RemoteStateMemory>,
    connect: () => Promise<{ readonly connection: Connection }>,
    forget: () => void,
  ) {
    this.number = number;
    this.graph = graph;
    this.states = states;
    this.connect = connect;
    this.forget = forget;
  }

  /** Compiles the graph in the worker, if it is not compiled there yet, and returns the connection. */
  async prepare(): Promise<Connection> {
    const { connection } = await this.connect();
    if (this.compilation?.connection !== connection)
      this.compilation = { connection, compiled: this.compileAt(connection) };
    const { compilation } = this;
    try {
      await compilation.compiled;
    } catch (error) {
      // The next run tries again.
      if (this.compilation === compilation) this.compilation = undefined;
      throw error;
    }
    return connection;
  }

  private compileAt(connection: Connection): Promise<unknown> {
    const executable = this.number;
    return connection.call((call) => ({ type: 'compile', call, executable, graph: wireGraph(this.graph) }));
  }

  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    return withRunOptions('wasm/run', options, (runOptions) => this.runChecked(inputs, runOptions));
  }

  private async runChecked(inputs: Tensors, options: RunOptions): Promise<Tensors> {
    const { signal, state } = options;
    if (this.disposed) throw new AttnError('DISPOSED', 'wasm/run', 'the executable has been disposed');
    throwIfAborted(signal, 'wasm/run');
    const checked = checkRunInputs(this.graph, inputs);
    const targets = checkRunOutputs(this.graph, inputs, options.outputs);
    this.runs += 1;
    try {
      const outputs = await this.states.use({ graph: this.graph, state, signal }, (memory) =>
        this.runAt(checked, options, memory),
      );
      return intoOutputs(outputs, targets);
    } finally {
      this.runs -= 1;
      if (this.disposed && this.runs === 0) this.forget();
    }
  }

  private async runAt(
    inputs: Tensors,
    { signal, onProgress }: RunOptions,
    state: RemoteStateMemory | undefined,
  ): Promise<Tensors> {
    state?.throwIfLost();
    const connection = await this.prepare();
    state?.throwIfLost();
    throwIfAborted(signal, 'wasm/run');
    const request = {
      type: 'run',
      executable: this.number,
      state: state?.number,
      wantsProgress: onProgress !== undefined,
    } as const;
    const outputs = await connection.call(
      (call) => ({ ...request, call, inputs: compact(inputs) }),
      onProgress,
      signal,
    );
    return outputs as Tensors;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    if (this.runs === 0) this.forget();
  }
}

function wireGraph({ values, nodes, inputs, states, outputs, constants }: Graph): WireGraph {
  return {
    values,
    nodes: nodes.map((node) => ({ ...node, attributes: node.op === 'attention' ? {} : node.attributes })),
    inputs,
    states,
    outputs,
    constants: new Map([...constants].map(([id, constant]) => [id, compactTensor(constant)])),
  };
}
