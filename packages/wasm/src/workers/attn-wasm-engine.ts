/**
 * The script of a thread that has a whole engine, so that a page need not compute on its own thread. As it is
 * published it holds all that it needs, because a worker knows nothing of its page's import map.
 */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  PLAN_INPUTS,
  type Executable,
  type GraphNode,
  type PlanInput,
  type PlannedCall,
} from '@attn/core/backend';
import { parent } from '../engine/parent.ts';
import { LocalHost } from '../local-host.ts';
import type { PlanSource } from '../plan-source.ts';
import { fromWire, toWire, type Request, type Response, type WireGraph } from '../remote/protocol.ts';

const port = parent();
const executables = new Map<number, Executable>();
const running = new Map<number, AbortController>();
const planRequests = new Map<number, { resolve(planned: PlannedCall): void; reject(error: unknown): void }>();
let host: LocalHost | undefined;
let requests = 0;

function send(response: Response, transfer: Transferable[] = []): void {
  port.post(response, transfer);
}

/** Answers a call with what a promise comes to. */
async function answer<T>(call: number, result: Promise<T>, give: (value: T) => void): Promise<void> {
  try {
    give(await result);
  } catch (error) {
    send({ type: 'failed', call, error: toWire(error) });
  }
}

function started(): LocalHost {
  if (host === undefined) throw new AttnError('INTERNAL', 'wasm/worker', 'the engine has not been started');
  return host;
}

/** Plans of an executable's nodes: asked for when they are needed, and kept where they depend on nothing that is fed. */
function remotePlans(executable: number, graph: WireGraph): PlanSource {
  const kept = new Map<number, PlannedCall>();
  return {
    async plan(node, _specs, tensors) {
      const index = graph.nodes.findIndex(({ outputs }) => outputs[0] === node.outputs[0]);
      const data: Partial<Record<PlanInput, Tensor>> = {};
      for (const name of PLAN_INPUTS) {
        const tensor = tensors[name];
        if (tensor) data[name] = { ...tensor, data: tensor.data.slice() };
      }
      const known = kept.get(index);
      if (known) return known;
      const request = ++requests;
      const planned = new Promise<PlannedCall>((resolve, reject) =>
        planRequests.set(request, { resolve, reject }),
      );
      send({ type: 'plan', request, executable, node: index, data });
      const result = await planned;
      if (Object.keys(data).length === 0) kept.set(index, result);
      return result;
    },
  };
}

/** A graph as core has it. Attention's attributes stayed behind: its plans say all. */
function toGraph({ values, nodes, inputs, outputs, constants }: WireGraph): Graph {
  return {
    values,
    nodes: nodes as readonly GraphNode[],
    inputs,
    outputs,
    constants,
    names: new Map(),
    key: '',
  };
}

function handle(request: Request): void {
  switch (request.type) {
    case 'start': {
      const { call, options } = request;
      host = new LocalHost(options);
      void answer(call, host.probe(), (value) => send({ type: 'done', call, value }));
      return;
    }
    case 'measure': {
      const { call } = request;
      void answer(call, started().measureSpeed(), (value) => send({ type: 'done', call, value }));
      return;
    }
    case 'compile': {
      const { call, executable, graph } = request;
      void answer(call, started().compile(toGraph(graph), remotePlans(executable, graph)), (compiled) => {
        executables.set(executable, compiled);
        send({ type: 'done', call, value: undefined });
      });
      return;
    }
    case 'run':
      void run(request);
      return;
    case 'abort':
      running.get(request.call)?.abort();
      return;
    case 'dispose':
      executables.get(request.executable)?.dispose();
      executables.delete(request.executable);
      return;
    case 'end':
      void answer(request.call, started().dispose(), () =>
        send({ type: 'done', call: request.call, value: undefined }),
      );
      return;
    case 'planned':
      planRequests.get(request.request)?.resolve(request.planned);
      planRequests.delete(request.request);
      return;
    case 'unplanned':
      planRequests.get(request.request)?.reject(fromWire(request.error));
      planRequests.delete(request.request);
      return;
    case 'ping':
      send({ type: 'pong' });
  }
}

async function run({
  call,
  executable,
  inputs,
  wantsProgress,
}: Extract<Request, { type: 'run' }>): Promise<void> {
  const controller = new AbortController();
  running.set(call, controller);
  const compiled = executables.get(executable);
  const result: Promise<Tensors> = compiled
    ? compiled.run(inputs, {
        signal: controller.signal,
        onProgress: wantsProgress ? (progress) => send({ type: 'progress', call, progress }) : undefined,
      })
    : Promise.reject(new AttnError('INTERNAL', 'wasm/worker', `there is no executable ${executable}`));
  await answer(call, result, (value) => {
    const buffers = Object.values(value).map(({ data }) => data.buffer);
    send({ type: 'done', call, value }, buffers as ArrayBuffer[]);
  });
  running.delete(call);
}

port.listen((message) => handle(message as Request));
