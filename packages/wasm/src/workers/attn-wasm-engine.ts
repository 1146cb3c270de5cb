/**
 * The script of a worker that has a whole engine, so that a page does not compute on its own thread. The
 * published file contains all that it needs, because a worker does not see its page's import map.
 */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  fromWire,
  PLAN_INPUTS,
  toWire,
  type Executable,
  type GraphNode,
  type PlanInput,
  type PlannedCall,
} from '@attn/core/backend';
import { parent } from '../engine/parent.ts';
import { LocalSite } from '../local-site.ts';
import type { PlanSource } from '../plan-source.ts';
import { WorkerStates } from '../remote/worker-states.ts';
import type { Request, Response, WireGraph } from '../remote/protocol.ts';

const port = parent();
const executables = new Map<number, Executable>();
const states = new WorkerStates();
const running = new Map<number, AbortController>();
const planRequests = new Map<number, { resolve(planned: PlannedCall): void; reject(error: unknown): void }>();
let site: LocalSite | undefined;
let requests = 0;

function send(response: Response, transfer: Transferable[] = []): void {
  port.post(response, transfer);
}

/** Answers a call: `respond` sends the result of a promise, or `failed` is sent with its error. */
async function answer<T>(call: number, result: Promise<T>, respond: (value: T) => void): Promise<void> {
  try {
    respond(await result);
  } catch (error) {
    send({ type: 'failed', call, error: toWire(error, 'wasm') });
  }
}

function startedSite(): LocalSite {
  if (site === undefined) throw new AttnError('INTERNAL', 'wasm/worker', 'the engine has not been started');
  return site;
}

/**
 * The plans of an executable's nodes. Asks the page for each (`PlanQuestion`), once if it depends on no data.
 */
function remotePlans(executable: number, graph: WireGraph): PlanSource {
  const plans = new Map<number, PlannedCall>();
  return {
    async plan(node, _specs, tensors) {
      const index = graph.nodes.findIndex(({ outputs }) => outputs[0] === node.outputs[0]);
      const data: Partial<Record<PlanInput, Tensor>> = {};
      for (const name of PLAN_INPUTS) {
        const tensor = tensors[name];
        if (tensor) data[name] = { ...tensor, data: tensor.data.slice() };
      }
      const cached = plans.get(index);
      if (cached) return cached;
      const request = ++requests;
      const reply = new Promise<PlannedCall>((resolve, reject) =>
        planRequests.set(request, { resolve, reject }),
      );
      send({ type: 'plan', request, executable, node: index, data });
      const plan = await reply;
      if (Object.keys(data).length === 0) plans.set(index, plan);
      return plan;
    },
  };
}

/** The graph as core has it, but for the attributes of attention, which its plans replace. */
function toGraph({ nodes, ...graph }: WireGraph): Graph {
  return {
    ...graph,
    nodes: nodes as readonly GraphNode[],
    names: new Map(),
    key: '',
  };
}

function handle(request: Request): void {
  switch (request.type) {
    case 'start': {
      const { call, options } = request;
      site = new LocalSite(options);
      void answer(call, site.probe(), (value) => send({ type: 'done', call, value }));
      return;
    }
    case 'measure': {
      const { call } = request;
      void answer(call, startedSite().measureSpeed(), (value) => send({ type: 'done', call, value }));
      return;
    }
    case 'compile': {
      const { call, executable, graph } = request;
      void answer(call, startedSite().compile(toGraph(graph), remotePlans(executable, graph)), (compiled) => {
        executables.set(executable, compiled);
        send({ type: 'done', call, value: undefined });
      });
      return;
    }
    case 'run':
      void run(request);
      return;
    case 'createState': {
      const { call, state, specs } = request;
      void answer(call, states.create(startedSite(), state, specs), (value) =>
        send({ type: 'done', call, value }),
      );
      return;
    }
    case 'useState': {
      const { call, state, task } = request;
      void answer(call, states.use(state, task), (value) =>
        send({ type: 'done', call, value }, value && buffersOf([value])),
      );
      return;
    }
    case 'disposeState':
      states.dispose(request.state);
      return;
    case 'abort':
      running.get(request.call)?.abort();
      return;
    case 'dispose':
      executables.get(request.executable)?.dispose();
      executables.delete(request.executable);
      return;
    case 'end':
      void answer(request.call, startedSite().dispose(), () =>
        send({ type: 'done', call: request.call, value: undefined }),
      );
      return;
    case 'planned':
      planRequests.get(request.request)?.resolve(request.planned);
      planRequests.delete(request.request);
      return;
    case 'unplanned':
      planRequests.get(request.request)?.reject(fromWire(request.error, 'wasm'));
      planRequests.delete(request.request);
      return;
    case 'ping':
      send({ type: 'pong' });
  }
}

type RunRequest = Extract<Request, { type: 'run' }>;

async function run(request: RunRequest): Promise<void> {
  const { call } = request;
  const controller = new AbortController();
  running.set(call, controller);
  await answer(call, outputsOf(request, controller.signal), (value) =>
    send({ type: 'done', call, value }, buffersOf(Object.values(value))),
  );
  running.delete(call);
}

async function outputsOf(
  { call, executable, inputs, state, wantsProgress }: RunRequest,
  signal: AbortSignal,
): Promise<Tensors> {
  const compiled = executables.get(executable);
  if (compiled === undefined)
    throw new AttnError('INTERNAL', 'wasm/worker', `there is no executable ${executable}`);
  return compiled.run(inputs, {
    signal,
    state: state === undefined ? undefined : states.get(state),
    onProgress: wantsProgress ? (progress) => send({ type: 'progress', call, progress }) : undefined,
  });
}

function buffersOf(tensors: readonly Tensor[]): ArrayBuffer[] {
  return tensors.map(({ data }) => data.buffer as ArrayBuffer);
}

port.listen((message) => handle(message as Request));
