/** Promises where time does not pass as usual: tests of applications replace the host's clocks and timers. */
import { full, slidingWindow } from '@attn/core';
import { clock, type Timer } from '@attn/core/backend';
import { differences } from '../runner.ts';
import { contractGraph, contractInputs, contract, type ContractCase } from './contract.ts';

/** Milliseconds of the host's own clock after which a call counts as one that never ends. */
const PATIENCE = 60_000;

/** Timers that never fire, like those of tests before they move their clock. */
const NEVER = {
  setTimeout: () => 0,
  clearTimeout: () => {},
  setInterval: () => 0,
  clearInterval: () => {},
  setImmediate: () => 0,
  clearImmediate: () => {},
} as const;

/**
 * Does some work while the global clock stands still and no global
 * timer fires; undefined when it does not end.
 */
async function inStillTime<T>(work: () => Promise<T>): Promise<T | undefined> {
  const host = globalThis as Record<string, unknown>;
  const names = Object.keys(NEVER).filter((name) => host[name] !== undefined);
  const before = new Map(names.map((name) => [name, host[name]]));
  const now = Object.getOwnPropertyDescriptor(performance, 'now');
  Object.assign(host, Object.fromEntries(Object.entries(NEVER).filter(([name]) => names.includes(name))));
  Object.defineProperty(performance, 'now', { value: () => 1000, configurable: true });
  let late: Timer | undefined;
  try {
    const waiting = new Promise<undefined>((resolve) => {
      late = clock.setTimeout(() => resolve(undefined), PATIENCE);
    });
    return await Promise.race([work(), waiting]);
  } finally {
    clock.clearTimeout(late);
    for (const [name, timer] of before) host[name] = timer;
    if (now === undefined) Reflect.deleteProperty(performance, 'now');
    else Object.defineProperty(performance, 'now', now);
  }
}

/** Promises about time. */
export const timeContract: readonly ContractCase[] = [
  contract(
    'still-time',
    'Where a test has stopped the clock and the timers, calibration ends, predictions stay numbers, and calls give their results.',
    async (_, make) => {
      const backend = await make();
      try {
        await backend.probe();
        const graph = contractGraph(slidingWindow({ before: 20, after: 20 }), 300);
        const inputs = contractInputs(300, 6);
        const result = await inStillTime(async () => {
          // Its measurements mean nothing then, so it may also fail.
          const calibration = await backend.calibrate?.().catch(() => undefined);
          const executable = await backend.compile(graph);
          const outputs = await executable.run(inputs);
          executable.dispose();
          return { calibration, outputs };
        });
        if (result === undefined) return `nothing came of a call within ${PATIENCE} ms`;
        const numbers = JSON.stringify(result.calibration ?? null, (_key, value: unknown) =>
          typeof value === 'number' && !Number.isFinite(value) ? 'no number' : value,
        );
        if (numbers.includes('no number')) return `expected calibration to find numbers, got ${numbers}`;
        const estimate = backend.estimate(contractGraph(full(), 300));
        if (!(estimate > 0 && estimate < 1e6)) return `expected an estimate in milliseconds, got ${estimate}`;
        return differences('run', graph, inputs, result.outputs);
      } finally {
        await backend.dispose();
      }
    },
  ),
];
