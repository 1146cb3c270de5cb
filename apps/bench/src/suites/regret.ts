/**
 * How good the choice of a backend is: over graphs of all kinds and sizes, the time
 * of the chosen one over that of the best. Runs in one process, as an application
 * does, with everything measured anew: nothing is remembered from earlier.
 */
import { createAttn, type Backend } from '@attn/core';
import { webgpu } from '@attn/webgpu';
import { quantile } from 'simple-statistics';
import { makeBackend } from '../subjects/attention.ts';
import { sweepGraphs } from '../regret/graphs.ts';
import { measureRegret, type GraphRegret } from '../regret/measure.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

export const regretSuite: Suite = {
  name: 'regret',
  describes: 'the chosen backend over the best',
  async run(options) {
    const backends = await allBackends(options.threads);
    const estimating = await createAttn({ backends, cache: false });
    const measuring = await createAttn({ backends, tune: 'measure', cache: false });
    try {
      await estimating.calibrate();
      const results: GraphRegret[] = [];
      for (const sweepGraph of sweepGraphs(options)) {
        const { family, n, heads, headDim } = sweepGraph;
        const result = await measureRegret(sweepGraph, estimating, measuring, options.rounds);
        const { estimate, measure } = result;
        options.log(
          `regret: ${family}, n = ${n}, ${heads} × ${headDim}: ${estimate.backend} ${estimate.regret.toFixed(2)}, ` +
            `measured ${measure.backend} ${measure.regret.toFixed(2)}`,
        );
        results.push(result);
      }
      return [summary(results), shares(results), details(results, options)];
    } finally {
      await estimating.dispose();
      await measuring.dispose();
    }
  },
};

async function allBackends(threads: number | undefined): Promise<Backend[]> {
  const many = threads === undefined ? {} : { threads };
  const own = ['wasm', 'onnx', 'cpu'].map((backend) => makeBackend({ backend, ...many }));
  return [webgpu(), ...(await Promise.all(own))];
}

const TARGETS = { estimate: [1, 1.1, 1.5], measure: [1, 1.05, 1.5] } as const;

function summary(results: readonly GraphRegret[]): Table {
  const rows = (['estimate', 'measure'] as const).map((tune) => {
    const regrets = results.map((result) => result[tune].regret);
    const [median, most, worst] = TARGETS[tune];
    return {
      tune,
      graphs: regrets.length,
      median: quantile(regrets, 0.5),
      '95th percentile': quantile(regrets, 0.95),
      worst: Math.max(...regrets),
      targets: `${median.toFixed(2)} / ${most} / ${worst}`,
    };
  });
  return {
    title: 'Regret',
    note:
      'Time of the chosen backend over that of the best one, by graph; 1 is the best choice. Least times of interleaved runs of whole ' +
      'calls, after earlier results were freed.',
    rows,
  };
}

/** Shares of all graphs, in percent, and how far off the best the choice is at most in them. */
const SHARES = [5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92, 94, 95, 96, 97, 98, 99, 100];

function shares(results: readonly GraphRegret[]): Table {
  const rows = (['estimate', 'measure'] as const).flatMap((tune) => {
    const regrets = results.map((result) => result[tune].regret);
    return SHARES.map((share) => ({
      'graphs, %': share,
      'time over the best': quantile(regrets, share / 100),
      tune,
    }));
  });
  return {
    title: 'Regret by share of graphs',
    note: 'In so many percent of the graphs the chosen backend takes at most so many times as long as the best.',
    rows,
    plot: { x: 'graphs, %', y: 'time over the best', by: 'tune', isLinear: true },
  };
}

function details(results: readonly GraphRegret[], { rounds, threads }: SuiteOptions): Table {
  const names = [...new Set(results.flatMap(({ ms }) => [...ms.keys()]))];
  const rows = results.map(({ sweepGraph, ms, predictedMs, estimate, measure }) => {
    const { family, n, heads, headDim } = sweepGraph;
    const times = names.map((name) => [`${name}, ms`, ms.get(name) ?? ''] as const);
    const { backend } = estimate;
    return {
      graph: family,
      n,
      'B · H': heads,
      D: headDim,
      ...Object.fromEntries(times),
      estimate: backend,
      'predicted over measured': (predictedMs.get(backend) ?? NaN) / (ms.get(backend) ?? NaN),
      regret: estimate.regret,
      measure: measure.backend,
      'its regret': measure.regret,
    };
  });
  return {
    title: 'Regret by graph',
    note: `${threads === undefined ? 'All threads' : `${threads} threads`}, f32, ${rounds} rounds. No time: predicted to take 30 times as long as the best, or stopped after 4 times as long.`,
    rows,
  };
}
