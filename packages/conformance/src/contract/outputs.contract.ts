/**
 * Promises about outputs for which the caller brings memory: a run writes all of them there, whatever that
 * memory is, and later runs leave it alone. What is no place for an output is refused.
 */
import { f32, full, type AttnErrorCode, type Tensor, type Tensors } from '@attn/core';
import { allocate, sizeOf, supportsGraph, type Executable } from '@attn/core/backend';
import { changes, copy, differences } from '../runner.ts';
import { maskedCall, overwrite, viewsCall, type Call } from './calls.ts';
import { contract, contractGraph, contractInputs, rejects, type ContractCase } from './contract.ts';
import { inMemoryOf, MEMORY_KINDS } from './host-memory.ts';

/** Tensors for the outputs of a graph, full of garbage. */
function targetsOf({ graph }: Call): Record<string, Tensor> {
  const targets = [...graph.outputs].map(([name, id]) => {
    const { dtype, shape } = graph.values[id];
    return [name, { dtype, shape, data: allocate(dtype, sizeOf(shape)) }] as const;
  });
  const tensors = Object.fromEntries(targets);
  overwrite(tensors);
  return tensors;
}

/** Names an output that a run returned elsewhere than in the memory that was given for it. */
function misplaced(targets: Tensors, outputs: Tensors): string | undefined {
  for (const [name, { data }] of Object.entries(targets)) {
    const result = outputs[name].data;
    if (result.buffer !== data.buffer || result.byteOffset !== data.byteOffset)
      return `output ${name} is not in the memory that was given for it`;
  }
  return undefined;
}

/** Runs a call into targets, and once more without; returns what is wrong. */
async function runInto(executable: Executable, call: Call, targets: Tensors): Promise<string | undefined> {
  const { graph, inputs } = call;
  const fed = copy(inputs);
  const outputs = await executable.run(fed, { outputs: targets });
  const problem =
    misplaced(targets, outputs) ??
    differences('outputs of the caller', graph, inputs, { ...outputs, ...targets }) ??
    changes('inputs were written to', inputs, fed);
  if (problem !== undefined) return problem;
  const before = copy(targets);
  overwrite(await executable.run(fed));
  return changes('outputs of the caller changed after the run', before, targets);
}

/** What no run may write to, and the error that it gives. */
const REFUSED: readonly (readonly [what: string, AttnErrorCode, (inputs: Tensors) => Tensors])[] = [
  ['an unknown name', 'INVALID_ARGUMENT', () => ({ outt: f32([1, 2, 5, 8], new Float32Array(80)) })],
  ['another shape', 'INVALID_SHAPE', () => ({ out: f32([2, 5, 8], new Float32Array(80)) })],
  ['another dtype', 'INVALID_DTYPE', () => ({ out: { ...i32Like(), dtype: 'i32' } })],
  ['a view', 'INVALID_ARGUMENT', () => ({ out: strided() })],
  ['an input', 'INVALID_ARGUMENT', ({ q }) => ({ out: q })],
  ['one array for two', 'INVALID_ARGUMENT', () => overlapping()],
];

function i32Like(): Tensor {
  return { dtype: 'i32', shape: [1, 2, 5, 8], data: new Int32Array(80) };
}

function strided(): Tensor {
  return { dtype: 'f32', shape: [1, 2, 5, 8], strides: [160, 80, 16, 1], data: new Float32Array(160) };
}

function overlapping(): Tensors {
  const data = new Float32Array(85);
  return { out: f32([1, 2, 5, 8], data.subarray(0, 80)), lse: f32([1, 2, 5], data.subarray(75)) };
}

/** Promises about outputs of the caller. */
export const outputsContract: readonly ContractCase[] = [
  contract(
    'outputs-of-the-caller',
    'A run writes its outputs to the tensors that the caller gives for them, in any memory, and to new ones for the rest.',
    async (backend) => {
      for (const call of [maskedCall(), maskedCall('f16'), viewsCall()]) {
        if (supportsGraph(backend, call.graph) !== true) continue;
        const executable = await backend.compile(call.graph);
        try {
          const [first] = Object.entries(targetsOf(call));
          const problem =
            (await runInto(executable, call, targetsOf(call))) ??
            (await runInto(executable, call, Object.fromEntries([first])));
          if (problem !== undefined) return problem;
          for (const [name, kind] of Object.entries(MEMORY_KINDS)) {
            const targets = inMemoryOf(kind, targetsOf(call));
            const wrong = targets && (await runInto(executable, call, targets));
            if (wrong !== undefined) return `in ${name}: ${wrong}`;
          }
        } finally {
          executable.dispose();
        }
      }
      return undefined;
    },
  ),
  contract(
    'outputs-refused',
    'A tensor that does not fit an output, or has memory that the run reads or writes otherwise, is refused before the run.',
    async (backend) => {
      const executable = await backend.compile(contractGraph(full(), 5));
      try {
        for (const [what, code, outputs] of REFUSED) {
          const inputs = contractInputs(5, 1);
          const before = copy(inputs);
          const problem =
            (await rejects(code, () => executable.run(inputs, { outputs: outputs(inputs) }))) ??
            changes('inputs were written to', before, inputs);
          if (problem !== undefined) return `${what}: ${problem}`;
        }
      } finally {
        executable.dispose();
      }
      return undefined;
    },
  ),
];
