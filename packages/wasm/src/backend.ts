/** The backend: what it supports and what a graph costs. An engine site compiles and runs graphs. */
import { type Backend, type Graph } from '@attn/core';
import { defineBackend, type GraphNode } from '@attn/core/backend';
import { DEFAULT_SPEED, parseSpeed } from './engine/speed.ts';
import { localPlans } from './plan-source.ts';
import { predict } from './predict.ts';
import { SiteChooser, type WasmBackendOptions } from './site-chooser.ts';
import { VERSION } from './version.ts';

/** The largest head dim and value dim: 64 rows of more would fill a cache. */
const MAX_DIM = 1024;

/** Default gain of another thread, as a share of the first one's rate, until it is measured. */
const DEFAULT_GAIN = 0.9;

/** Makes the backend. The options have been checked. */
export function wasmBackend(options: WasmBackendOptions): Backend {
  const sites = new SiteChooser(options);
  /** Number of threads that compute: 1 until a probe has run. */
  let threads = 1;
  return defineBackend('wasm', {
    version: VERSION,
    fastestInputs: 'int12', // 1.5 times as fast as f32: `npm run bench -- quantized`
    async probe() {
      const probe = await sites.probe();
      threads = probe.available ? Number(probe.features.threads) : 1;
      return probe;
    },
    supports: supportsNode,
    speed: {
      initial: () => ({ ...DEFAULT_SPEED, gain: 1 + DEFAULT_GAIN * (options.threads - 1) }),
      parse: parseSpeed,
      measure: async () => (await sites.get('wasm/calibrate')).measureSpeed(),
    },
    estimate: (graph, plans, speed) => predict(graph, plans, { ...speed, threads }),
    compile: async (graph, { plans }) => (await sites.get('wasm/compile')).compile(graph, localPlans(plans)),
    createState: async (specs) => (await sites.get('wasm/createState')).createState(specs),
    dispose: () => sites.dispose(),
  });
}

function supportsNode({ op, inputs }: GraphNode, graph: Graph): true | string {
  if (op !== 'attention' && op !== 'lshAttention') return true;
  const operands = [inputs.q, inputs.v];
  const dims = operands.map((id) => graph.values[id].shape[3]);
  const tooBig = dims.find((dim) => dim > MAX_DIM);
  return tooBig === undefined || `head and value dims must be ≤ ${MAX_DIM}, got ${tooBig}`;
}
