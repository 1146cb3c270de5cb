/**
 * Promises about ends: of an executable, and of a backend with work
 * under way. Neither leaves anything behind.
 */
import { AttnError, causal, full } from '@attn/core';
import { differences } from '../runner.ts';
import {
  contractGraph,
  contractInputs,
  contract,
  generalContract,
  rejects,
  watch,
  type ContractCase,
} from './contract.ts';
import { memoryGrowth } from './memory.ts';

/** Milliseconds after which a pending promise counts as a problem. */
const PATIENCE = 30_000;

/**
 * The problem of a promise, or undefined: an error that is not an
 * `AttnError`, or a promise that never settles.
 */
async function problemOfSettling<T>(
  what: string,
  promise: Promise<T>,
  check: (value: T) => string | undefined = () => undefined,
): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`${what} did not settle within ${PATIENCE} ms`), PATIENCE);
  });
  const outcome = promise.then(check, (error: unknown) =>
    error instanceof AttnError ? undefined : `${what}: expected an AttnError, got ${String(error)}`,
  );
  const problem = await Promise.race([outcome, late]);
  clearTimeout(timer);
  return problem;
}

/** Promises about ends. */
export const endContract: readonly ContractCase[] = [
  contract('disposed', 'A disposed executable rejects runs, and may be disposed again.', async (backend) => {
    const executable = await backend.compile(contractGraph(full(), 5));
    await executable.run(contractInputs(5, 1));
    executable.dispose();
    executable.dispose();
    return rejects('DISPOSED', () => executable.run(contractInputs(5, 1)));
  }),
  generalContract(
    'backend-disposed',
    'A disposed backend compiles nothing more, and may be disposed again.',
    async (_, make) => {
      const backend = await make();
      await backend.dispose();
      await backend.dispose();
      return rejects('DISPOSED', () => backend.compile(contractGraph(full(), 5)));
    },
  ),
  contract(
    'backend-disposed-compiling',
    'A compilation that is under way when the backend is disposed rejects with DISPOSED.',
    async (_, make) => {
      for (const turns of [0, 1, 2]) {
        const backend = await make();
        // Otherwise the probe would be under way instead.
        if (turns > 0) await backend.probe();
        const compiling = watch(backend.compile(contractGraph(causal(), 67)));
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve));
        const wasOver = compiling.isOver();
        const ended = wasOver ? undefined : rejects('DISPOSED', () => compiling.promise);
        const problem = (await problemOfSettling('dispose', backend.dispose())) ?? (await ended);
        if (problem) return `after ${turns} turns of the event loop, ${problem}`;
      }
      return undefined;
    },
  ),
  contract(
    'backend-disposed-in-flight',
    'Runs that are under way when the backend is disposed give their results or a typed error; none hangs.',
    async (_, make) => {
      const backend = await make();
      const graph = contractGraph(causal(), 300);
      const executable = await backend.compile(graph);
      const batches = [1, 2, 3].map((seed) => contractInputs(300, seed));
      const runs = batches.map((inputs, i) =>
        problemOfSettling(`run ${i}`, executable.run(inputs), (outputs) =>
          differences(`run ${i}`, graph, inputs, outputs),
        ),
      );
      const problems = await Promise.all([problemOfSettling('dispose', backend.dispose()), ...runs]);
      return problems.find((problem) => problem !== undefined);
    },
  ),
  contract(
    'no-leak',
    'Compiling, running and disposing hundreds of times leaves no memory behind (seen in Node.js only).',
    async (backend) => {
      const graph = contractGraph(causal(), 100);
      const calls = 300;
      const call = async (): Promise<void> => {
        const executable = await backend.compile(graph);
        await executable.run(contractInputs(100, 1));
        executable.dispose();
      };
      const growth = await memoryGrowth(call, calls);
      // Half of the growth that there would be if each call left its output, 6.4 KB, behind.
      const limit = (calls * 4 * 1600) / 2;
      return growth === undefined || growth < limit
        ? undefined
        : `expected memory to stay as it is, got ${Math.round(growth / 1024)} KB more after ${calls} calls`;
    },
  ),
];
