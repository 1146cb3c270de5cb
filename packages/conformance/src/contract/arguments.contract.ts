/** What a backend makes of arguments that are wrong, and of arrays that are right but unusual. */
import { full, tensor, type Backend, type Tensor } from '@attn/core';
import { type Executable, type HalfArray } from '@attn/core/backend';
import { functionProblems, type FunctionTrial } from '../arguments/check-function.ts';
import { attentionCases } from '../cases/attention/attention-case.ts';
import { differences } from '../runner.ts';
import { attentionGraph, attentionInputs, contract, type ContractCase } from './contract.ts';
import { otherRealm } from './other-realm.ts';

/** The first thing that is wrong with a function. */
async function firstProblem(name: string, trial: FunctionTrial): Promise<string | undefined> {
  return (await functionProblems(name, {}, trial))[0];
}

function whole(backend: Backend): FunctionTrial {
  return {
    call: (...args: never[]) => (backend.compile as (...all: never[]) => unknown)(...args),
    args: () => [attentionGraph(full(), 5), {}],
    options: [1],
    after: (executable) => (executable as Executable).dispose(),
  };
}

const halves = () => attentionCases('Halves.', [{ pattern: full(), n: 5, dtype: 'f16' }])[0].build();

export const argumentsContract: readonly ContractCase[] = [
  contract(
    'compile-arguments',
    'Whatever `compile` is called with, it compiles or rejects with an AttnError that has the value in it.',
    (backend) => firstProblem('compile', whole(backend)),
  ),
  contract(
    'run-arguments',
    'Whatever `run` is called with, it runs or rejects with an AttnError that has the value in it.',
    async (backend) => {
      const executable = await backend.compile(attentionGraph(full(), 5));
      const problem = await firstProblem('run', {
        call: (...args: never[]) => (executable.run as (...all: never[]) => unknown)(...args),
        args: () => [attentionInputs(5, 1), { onProgress: () => {} }],
        options: [0, 1],
      });
      executable.dispose();
      return problem;
    },
  ),
  contract('other-realm', 'Arrays of another realm are inputs as any others.', async (backend) => {
    const realm = otherRealm();
    if (realm === undefined) return undefined; // This host has but one.
    const graph = attentionGraph(full(), 5);
    const inputs = attentionInputs(5, 1);
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
      if (Halves === undefined) return undefined; // This engine has none.
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
