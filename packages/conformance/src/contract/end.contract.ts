/**
 * What is promised about ends: of an executable, of a backend with
 * work under way, and that neither leaves anything behind.
 */
import { AttnError, causal, full } from '@attn/core';
import { differences } from '../runner.ts';
import {
  attentionGraph,
  attentionInputs,
  contract,
  generalContract,
  rejects,
  underWay,
  type ContractCase,
} from './contract.ts';
import { memoryGrowth } from './memory.ts';

/** Milliseconds after which a promise counts as one that never settles. */
const PATIENCE = 30_000;

/** What a promise came to; an error that is none of ours, and one that never settles, are problems. */
async function settled<T>(
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

export const endContract: readonly ContractCase[] = [
  contract('disposed', 'A disposed executable rejects runs, and may be disposed again.', async (backend) => {
    const executable = await backend.compile(attentionGraph(full(), 5));
    await executable.run(attentionInputs(5, 1));
    executable.dispose();
    executable.dispose();
    return rejects('DISPOSED', () => executable.run(attentionInputs(5, 1)));
  }),
  generalContract(
    'backend-disposed',
    'A disposed backend compiles nothing more, and may be disposed again.',
    async (_, make) => {
      const backend = await make();
      await backend.dispose();
      await backend.dispose();
      return rejects('DISPOSED', () => backend.compile(attentionGraph(full(), 5)));
    },
  ),
  contract(
    'backend-disposed-compiling',
    'A compilation that is under way when the backend is disposed rejects with DISPOSED.',
    async (_, make) => {
      for (const turns of [0, 1, 2]) {
        const backend = await make();
        // Otherwise it would be the probe that is under way.
        if (turns > 0) await backend.probe();
        const compiling = underWay(backend.compile(attentionGraph(causal(), 67)));
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve));
        const wasOver = compiling.isOver();
        const ended = wasOver ? undefined : rejects('DISPOSED', () => compiling.promise);
        const problem = (await settled('dispose', backend.dispose())) ?? (await ended);
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
      const graph = attentionGraph(causal(), 300);
      const executable = await backend.compile(graph);
      const batches = [1, 2, 3].map((seed) => attentionInputs(300, seed));
      const runs = batches.map((inputs, i) =>
        settled(`run ${i}`, executable.run(inputs), (outputs) =>
          differences(`run ${i}`, graph, inputs, outputs),
        ),
      );
      const problems = await Promise.all([settled('dispose', backend.dispose()), ...runs]);
      return problems.find((problem) => problem !== undefined);
    },
  ),
  contract(
    'no-leak',
    'Compiling, running and disposing hundreds of times leaves no memory behind (seen in Node.js only).',
    async (backend) => {
      const graph = attentionGraph(causal(), 100);
      const calls = 300;
      const call = async (): Promise<void> => {
        const executable = await backend.compile(graph);
        await executable.run(attentionInputs(100, 1));
        executable.dispose();
      };
      const grown = await memoryGrowth(call, calls);
      // Half of what it would be if each call left its output behind, which is 6.4 KB.
      const limit = (calls * 4 * 1600) / 2;
      return grown === undefined || grown < limit
        ? undefined
        : `expected memory to stay as it is, got ${Math.round(grown / 1024)} KB more after ${calls} calls`;
    },
  ),
];
