/**
 * Prints as JSON what the first runs of a compiled call cost, and what as many more cost that write to the
 * same tensors. `suites/first-runs.ts` starts this in a fresh process, where no page has been touched.
 */
import { attention, patternFromJson, type JsonObject, type Tensors } from '@attn/core';
import { problem } from './inputs.ts';
import { makeBackend } from './subjects/attention.ts';

/** What a run costs the process, all threads together. */
export interface RunCost {
  readonly ms: number;
  /** Milliseconds of CPU in the process itself, and in the kernel of the operating system for it. */
  readonly userMs: number;
  readonly systemMs: number;
  /** Pages that were touched for the first time. */
  readonly faults: number;
}

/** What a process prints. */
export interface FirstRuns {
  /** Runs that return new tensors. */
  readonly fresh: readonly RunCost[];
  /** Runs that write to the same tensors. */
  readonly reused: readonly RunCost[];
}

/** What a process measures. */
export interface FirstRunsOptions {
  readonly backend: JsonObject;
  readonly pattern: JsonObject;
  readonly n: number;
  readonly runs: number;
}

async function costOf<T>(work: () => Promise<T>): Promise<readonly [T, RunCost]> {
  const [cpu, faults, start] = [
    process.cpuUsage(),
    process.resourceUsage().minorPageFault,
    performance.now(),
  ];
  const result = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const cost = {
    ms,
    userMs: user / 1000,
    systemMs: system / 1000,
    faults: process.resourceUsage().minorPageFault - faults,
  };
  return [result, cost];
}

const { backend: options, pattern, n, runs } = JSON.parse(process.argv[2]) as FirstRunsOptions;
const { q, k, v } = problem(8, n, 64);
const { graph, inputs } = attention({ q, k, v, pattern: patternFromJson(pattern) });
const backend = await makeBackend(options);
await backend.probe();
const executable = await backend.compile(graph);
const [fresh, reused]: [RunCost[], RunCost[]] = [[], []];
let outputs: Tensors = {};
for (let run = 0; run < runs; run++) {
  const [results, cost] = await costOf(() => executable.run(inputs));
  outputs = results;
  fresh.push(cost);
}
for (let run = 0; run < runs; run++) {
  const [, cost] = await costOf(() => executable.run(inputs, { outputs }));
  reused.push(cost);
}
process.stdout.write(JSON.stringify({ fresh, reused } satisfies FirstRuns));
await backend.dispose();
