/** Promises about wrong arguments, and about unusual arrays. */
import { full, tensor, type Backend, type Tensor } from '@attn/core';
import { type Executable, type HalfArray } from '@attn/core/backend';
import { functionProblems, type FunctionTrial } from '../arguments/check-function.ts';
import { attentionCases } from '../cases/attention/attention-case.ts';
import { differences } from '../runner.ts';
import { contractGraph, contractInputs, contract, type ContractCase } from './contract.ts';
import { otherRealm } from './other-realm.ts';

/** The first problem of a function, or undefined. */
async function firstProblem(name: string, trial: FunctionTrial): Promise<string | undefined> {
  return (await functionProblems(name, {}, trial))[0];
}

/** How `compile` is tried. */
function compileTrial(backend: Backend): FunctionTrial {
  return {
    call: (...args: never[]) => (backend.compile as (...all: never[]) => unknown)(...args),
    args: () => [contractGraph(full(), 5), {}],
    options: [1],
    after: (executable) => (executable as Executable).dispose(),
  };
}

const halves = () => attentionCases('Halves.', [{ pattern: full(), n: 5, dtype: 'f16' }])[0].build();

/** Promises about arguments. */
export const argumentsContract: readonly ContractCase[] = [
  contract(
    'compile-arguments',
    'Whatever `compile` is called with, it compiles or rejects with an AttnError that has the value in it.',
    (backend) => firstProblem('compile', compileTrial(backend)),
  ),
  contract(
    'run-arguments',
    'Whatever `run` is called with, it runs or rejects with an AttnError that has the value in it.',
    async (backend) => {
      const executable = await backend.compile(contractGraph(full(), 5));
      const problem = await firstProblem('run', {
        call: (...args: never[]) => (executable.run as (...all: never[]) => unknown)(...args),
        args: () => [contractInputs(5, 1), { onProgress: () => {} }],
        options: [0, 1],
      });
      executable.dispose();
      return problem;
    },
  ),
  contract('other-realm', 'Arrays of another realm are inputs as any others.', async (backend) => {
    const realm = otherRealm();
    if (realm === undefined) return undefined; // This host cannot make another realm.
    const graph = contractGraph(full(), 5);
    const inputs = contractInputs(5, 1);
    const foreign = (input: Tensor): Tensor => ({
      ...input,
      data: new realm.Float32Array(input.data) as Float32Array,
    });
    const executable = await backend.compile(graph);
    const outputs = await executable.run({ ...inputs, q: foreign(inputs.q), v: foreign(inputs.v) });
    executable.dispose();
    return differences('with arrays of another realm', graph, inputs, outputs);
  }),
  contract(
    'float16-array',
    'A Float16Array is an input of halves, and becomes one without its numbers being converted.',
    async (backend) => {
      const { Float16Array: Halves } = globalThis as {
        readonly Float16Array?: new (bits: ArrayBuffer) => HalfArray;
      };
      if (Halves === undefined) return undefined; // This engine lacks Float16Array.
      const { graph, inputs } = halves();
      const own = ({ shape, data }: Tensor): Tensor =>
        tensor('f16', shape, new Halves(data.slice().buffer as ArrayBuffer));
      const plain = ({ dtype, shape, data }: Tensor): Tensor =>
        ({ dtype, shape, data: new Halves(data.slice().buffer as ArrayBuffer) }) as object as Tensor;
      const executable = await backend.compile(graph);
      const outputs = await executable.run({ ...inputs, q: own(inputs.q), v: plain(inputs.v) });
      executable.dispose();
      return differences('with a Float16Array', graph, inputs, outputs);
    },
    () => halves().graph,
  ),
];
