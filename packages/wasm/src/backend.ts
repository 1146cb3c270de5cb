/** The backend: what it can do and what it costs, decided here; it is computed by a host. */
import { type Backend, type Graph } from '@attn/core';
import { defineBackend, type GraphNode } from '@attn/core/backend';
import { knownSpeed, REFERENCE } from './engine/speed.ts';
import { Hosts, type WasmBackendOptions } from './hosts.ts';
import { localPlans } from './plan-source.ts';
import { predict } from './predict.ts';
import { VERSION } from './version.ts';

/** Head and value dims above this are refused: 64 rows of them would fill a cache. */
const MOST_DIM = 1024;

/** What a thread is taken to add to the rate of one where nothing was measured. */
const GUESSED_HELP = 0.9;

/** Makes the backend from options that have been checked. */
export function wasmBackend(options: WasmBackendOptions): Backend {
  const hosts = new Hosts(options);
  /** How many threads compute, as far as is known. */
  let threads = 1;
  return defineBackend('wasm', {
    version: VERSION,
    async probe() {
      const probe = await hosts.probe();
      threads = probe.available ? Number(probe.features.threads) : 1;
      return probe;
    },
    supports: supportsNode,
    speed: {
      initial: () => ({ ...REFERENCE, gain: 1 + GUESSED_HELP * (options.threads - 1) }),
      parse: knownSpeed,
      measure: async () => (await hosts.get('wasm/calibrate')).measureSpeed(),
    },
    estimate: (graph, plans, speed) => predict(graph, plans, { ...speed, threads }),
    compile: async (graph, { plans }) => (await hosts.get('wasm/compile')).compile(graph, localPlans(plans)),
    dispose: () => hosts.dispose(),
  });
}

function supportsNode({ op, inputs }: GraphNode, graph: Graph): true | string {
  if (op !== 'attention' && op !== 'lshAttention') return true;
  const operands = op === 'attention' ? [inputs.q, inputs.v] : [inputs.qk, inputs.v];
  const dims = operands.map((id) => graph.values[id].shape[3]);
  const tooBig = dims.find((dim) => dim > MOST_DIM);
  return tooBig === undefined || `head and value dims must be ≤ ${MOST_DIM}, got ${tooBig}`;
}
