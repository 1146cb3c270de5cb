/**
 * Promises about inputs. They belong to a run from its call until its promise
 * settles: until then nobody writes to them, and the backend never does. From then
 * on they are the caller's alone, and changes to them have no effect anywhere.
 */
import { causal, GraphBuilder, type Backend, type Tensor, type Tensors } from '@attn/core';
import { eventLoopTurn, supportsGraph, type Executable } from '@attn/core/backend';
import { fill, fillIntegers } from '../data.ts';
import { changes, copy, differences } from '../runner.ts';
import { maskedCall, overwrite, viewsCall, type Call } from './calls.ts';
import { contractGraph, contractInputs, contract, type ContractCase } from './contract.ts';
import { inMemoryOf, MEMORY_KINDS } from './host-memory.ts';

/** Rows of a table, and a product: constants that backends read directly, and constants that they pack. */
function weightedCall(place: (constants: Tensors) => Tensors): Call {
  const builder = new GraphBuilder();
  const floats = (shape: readonly number[], seed: number): Tensor => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return { dtype: 'f32', shape, data: fill('bell', size, seed) };
  };
  const { table, weight, bias } = place({
    table: floats([40, 32], 1),
    weight: floats([24, 32], 2),
    bias: floats([24], 3),
  });
  const ids = builder.input('ids', { dtype: 'i32', shape: [6] });
  const rows = builder.embedding(ids, builder.constant(table));
  const out = builder.linear(rows, builder.constant(weight), builder.constant(bias));
  const inputs: Record<string, Tensor> = { ids: { dtype: 'i32', shape: [6], data: fillIntegers(40, 6, 4) } };
  return { graph: builder.build({ out, rows }), inputs };
}

/** Waits for a few turns of the event loop. */
async function fewTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await eventLoopTurn();
}

/** Runs a call, overwrites its inputs as soon as the outputs exist, and then overwrites the outputs. */
async function overwriteAfterRun(backend: Backend, { graph, inputs }: Call): Promise<string | undefined> {
  const executable = await backend.compile(graph);
  try {
    const callInputs = copy(inputs);
    const outputs = await executable.run(callInputs);
    overwrite(callInputs);
    const garbage = copy(callInputs);
    await fewTurns();
    const problem = differences('outputs, after the inputs were overwritten', graph, inputs, outputs);
    if (problem !== undefined) return problem;
    overwrite(outputs);
    return (
      changes('inputs, after the outputs were overwritten', garbage, callInputs) ??
      differences('the next run', graph, inputs, await executable.run(copy(inputs)))
    );
  } finally {
    executable.dispose();
  }
}

/** What is wrong with a run on these inputs, or undefined. */
async function runOn(
  executable: Executable,
  { graph, inputs }: Call,
  runInputs: Tensors,
): Promise<string | undefined> {
  const outputs = await executable.run(runInputs);
  return differences('run', graph, inputs, outputs) ?? changes('inputs were written to', inputs, runInputs);
}

/** Promises about inputs. */
export const inputsContract: readonly ContractCase[] = [
  contract(
    'inputs-after-result',
    'When a run has given its result, its inputs are the caller’s: to overwrite them changes no output, and to overwrite outputs nothing else.',
    async (backend) => {
      for (const call of [maskedCall(), viewsCall()]) {
        if (supportsGraph(backend, call.graph) !== true) continue;
        const problem = await overwriteAfterRun(backend, call);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
  ),
  contract(
    'inputs-of-overlapping-runs',
    'Runs may share inputs, which stay where they are, and one run’s may be overwritten when it has ended, while others go on.',
    async (backend) => {
      const graph = contractGraph(causal(), 130);
      const executable = await backend.compile(graph);
      const [shared, own] = [contractInputs(130, 1), contractInputs(130, 2)];
      const before = copy(own);
      const runs = [
        executable.run(own).finally(() => overwrite(own)),
        executable.run(shared),
        executable.run(shared),
      ];
      const results = await Promise.all(runs);
      executable.dispose();
      return (
        changes('inputs that runs share', contractInputs(130, 1), shared) ??
        results
          .map((outputs, i) => differences(`run ${i}`, graph, i === 0 ? before : shared, outputs))
          .find((problem) => problem)
      );
    },
  ),
  contract(
    'memory-of-inputs',
    'Inputs may lie in any memory: shared, resizable, WebAssembly’s, a part of something larger.',
    async (backend) => {
      for (const call of [maskedCall(), maskedCall('f16')]) {
        if (supportsGraph(backend, call.graph) !== true) continue;
        const executable = await backend.compile(call.graph);
        try {
          for (const [name, kind] of Object.entries(MEMORY_KINDS)) {
            const runInputs = inMemoryOf(kind, call.inputs);
            const problem = runInputs && (await runOn(executable, call, runInputs));
            if (problem !== undefined) return `in ${name}: ${problem}`;
          }
        } finally {
          executable.dispose();
        }
      }
      return undefined;
    },
  ),
  contract(
    'memory-of-constants',
    'Constants may lie in any memory: shared, resizable, WebAssembly’s, a part of something larger.',
    async (backend) => {
      for (const [name, kind] of Object.entries(MEMORY_KINDS)) {
        const call = weightedCall((constants) => inMemoryOf(kind, constants) ?? constants);
        const executable = await backend.compile(call.graph);
        try {
          const problem = await runOn(executable, call, call.inputs);
          if (problem !== undefined) return `in ${name}: ${problem}`;
        } finally {
          executable.dispose();
        }
      }
      return undefined;
    },
    () => weightedCall((constants) => constants).graph,
  ),
];
