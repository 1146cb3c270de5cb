/** Promises about the course of a run: it reports progress, and can be stopped. */
import { full, type Backend, type Progress, type Tensor, type Tensors } from '@attn/core';
import { type Executable, type RunOptions } from '@attn/core/backend';
import { copy, differences } from '../runner.ts';
import { contractGraph, contractInputs, contract, rejects, watch, type ContractCase } from './contract.ts';

/** A run of this many milliseconds must have reported progress and must notice an abort. */
const LONG = 150;

/**
 * Lengths that are tried until a run is long. The reference needs
 * 1,024 tokens for that; a GPU may never be that slow.
 */
const LENGTHS = [512, 1024, 2048, 4096, 8192, 16384];

/** The first of `LENGTHS` that is long on a backend, for all promises that need a long call. */
const longLengths = new WeakMap<Backend, number>();

/** Answer of a check when the call ended before anything could be observed: a longer call is tried then. */
const TOO_SHORT: unique symbol = Symbol('too short');

interface TimedRun {
  readonly outputs: Tensors;
  readonly ms: number;
}

async function timeRun(
  executable: Executable,
  inputs: Readonly<Record<string, Tensor>>,
  options?: RunOptions,
): Promise<TimedRun> {
  const start = performance.now();
  const outputs = await executable.run(inputs, options);
  return { outputs, ms: performance.now() - start };
}

/** Runs a call and aborts it after a moment. Returns what is wrong with its end, and how long it took. */
async function abortMidway(
  executable: Executable,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Tensors,
): Promise<{ readonly abort: string | undefined; readonly ms: number }> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 10);
  const start = performance.now();
  const abort = await rejects('ABORTED', () =>
    executable.run(inputs, { signal: controller.signal, outputs }),
  );
  const ms = performance.now() - start;
  clearTimeout(timer);
  return { abort, ms };
}

/**
 * Tries longer and longer calls until one takes twice `LONG` (it may
 * be faster the next time), and runs the check on it.
 */
async function onLongCall(
  backend: Backend,
  check: (
    executable: Executable,
    inputs: Readonly<Record<string, Tensor>>,
    run: TimedRun & { readonly reports: readonly Progress[] },
  ) => Promise<string | undefined | typeof TOO_SHORT> | string | undefined | typeof TOO_SHORT,
): Promise<string | undefined> {
  const from = longLengths.get(backend) ?? 0;
  for (const n of LENGTHS.filter((length) => length >= from)) {
    const executable = await backend.compile(contractGraph(full(), n));
    const inputs = contractInputs(n, 7);
    const reports: Progress[] = [];
    try {
      const run = await timeRun(executable, inputs, {
        onProgress: (progress) => void reports.push(progress),
      });
      if (run.ms < 2 * LONG && n !== LENGTHS.at(-1)) continue;
      longLengths.set(backend, n);
      const problem = await check(executable, inputs, { ...run, reports });
      if (problem !== TOO_SHORT) return problem;
    } finally {
      executable.dispose();
    }
  }
  return undefined;
}

/** Promises about the course of a run. */
export const courseContract: readonly ContractCase[] = [
  contract(
    'aborted',
    'A run or a compilation that was aborted before it began rejects with ABORTED.',
    async (backend) => {
      const signal = AbortSignal.abort();
      const graph = contractGraph(full(), 5);
      const executable = await backend.compile(graph);
      const problem =
        (await rejects('ABORTED', () => executable.run(contractInputs(5, 1), { signal }))) ??
        (await rejects('ABORTED', () => backend.compile(graph, { signal })));
      const after = await executable.run(contractInputs(5, 1));
      executable.dispose();
      return problem ?? differences('run after an aborted one', graph, contractInputs(5, 1), after);
    },
  ),
  contract(
    'aborted-compiling',
    'A compilation that is aborted midway rejects with ABORTED, and the next one is as if nothing had happened.',
    async (backend) => {
      const graph = contractGraph(full(), 67);
      for (const turns of [0, 1, 2]) {
        const controller = new AbortController();
        const compiling = watch(backend.compile(graph, { signal: controller.signal }));
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve));
        if (compiling.isOver()) (await compiling.promise).dispose();
        else {
          const problem = rejects('ABORTED', () => compiling.promise);
          controller.abort();
          if (await problem) return `after ${turns} turns of the event loop, ${await problem}`;
        }
      }
      const executable = await backend.compile(graph);
      const inputs = contractInputs(67, 1);
      const outputs = await executable.run(inputs);
      executable.dispose();
      return differences('run after aborted compilations', graph, inputs, outputs);
    },
  ),
  contract(
    'aborted-midway',
    'A run that is aborted midway rejects with ABORTED, writes to no output of the caller any more, and the next one is as if nothing had happened.',
    (backend) =>
      onLongCall(backend, async (executable, inputs, { outputs }) => {
        let problem: string | undefined;
        const ofCaller = copy(outputs);
        // A busy machine can delay a call whose work is nearly done. Three delays are no accident.
        for (let attempt = 0; attempt < 3; attempt++) {
          const callInputs = copy(inputs);
          const { abort, ms } = await abortMidway(executable, callInputs, ofCaller);
          // From now on inputs and outputs are the caller's again.
          for (const { data } of [...Object.values(callInputs), ...Object.values(ofCaller)]) data.fill(NaN);
          if (abort && ms < LONG) return TOO_SHORT;
          problem = abort && `${abort}, ${ms.toFixed(0)} ms after it began`;
          if (problem === undefined) break;
        }
        const again = await executable.run(inputs);
        const changed = changedOutput(outputs, again);
        const isUntouched = Object.values(ofCaller).every(({ data }) => data.every(Number.isNaN));
        return (
          problem ??
          (changed && `after an aborted run, ${changed} is not what it was before`) ??
          (isUntouched ? undefined : 'an aborted run wrote to outputs of the caller after its end')
        );
      }),
  ),
  contract('progress', 'A long run reports progress, which grows and never exceeds its total.', (backend) =>
    onLongCall(backend, (_executable, _inputs, { ms, reports }) => {
      if (reports.length === 0 && ms >= LONG)
        return `expected progress in ${ms.toFixed(0)} ms, got no report`;
      const isOrdered = reports.every(
        ({ done, total }, i) => done <= total && done >= (reports[i - 1]?.done ?? 0),
      );
      return isOrdered ? undefined : `expected progress to grow, got ${JSON.stringify(reports)}`;
    }),
  ),
  contract(
    'progress-throws',
    'What onProgress throws, or its promise rejects with, ends the run: it rejects with that very error, and the next one is as if nothing had happened.',
    (backend) =>
      onLongCall(backend, async (executable, inputs, { outputs, ms }) => {
        const error = new Error('thrown by onProgress');
        for (const onProgress of [() => throwError(error), async () => throwError(error)]) {
          const ended = await executable.run(inputs, { onProgress }).then(
            () => 'a result',
            (reason: unknown) => reason,
          );
          // A run that is too short reports no progress, and so cannot be ended.
          if (ended === 'a result' && ms < 2 * LONG) return TOO_SHORT;
          if (ended !== error) return `expected the error that onProgress threw, got ${String(ended)}`;
        }
        const again = await executable.run(inputs);
        const changed = changedOutput(outputs, again);
        return changed && `after a run that onProgress ended, ${changed} is not what it was before`;
      }),
  ),
];

function throwError(error: Error): never {
  throw error;
}

/** Name of an output that differs in any bit, or undefined. */
function changedOutput(before: Tensors, after: Tensors): string | undefined {
  return Object.keys(before).find((name) =>
    before[name].data.some((value, i) => !Object.is(value, after[name].data[i])),
  );
}
