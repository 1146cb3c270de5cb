/**
 * Properties of all calls, tried on random calls. Each property runs on any backend
 * and throws with a counterexample that fast-check has made small. The seed is
 * fixed, so that a run is reproducible; `ATTN_SEED` and `ATTN_RUNS` change it.
 */
import { full, type Backend, type Graph, type Tensors } from '@attn/core';
import { mergeStates, supportsGraph, type AttentionState } from '@attn/core/backend';
import fc from 'fast-check';
import { attentionCases, type AttentionCaseSpec } from '../cases/attention/attention-case.ts';
import { compareOutput } from '../compare.ts';
import { environment } from '../environment.ts';
import { oracle } from '../oracle.ts';
import { planProblem } from '../plan-check.ts';
import { differences, runCase } from '../runner.ts';
import { storageError } from '../tolerance/rounding.ts';
import { arbitraryCall, arbitraryMaskedCall, arbitraryUnordered } from './arbitraries.ts';
import { arbitraryScoredCall } from './score-trees.ts';
import { firstRows, onlyPart, reverseKeys, spoilOthers } from './transform.ts';

export { arbitraryCall };

/** A property of backends. */
export interface BackendProperty {
  /** `property:<name>`. */
  readonly id: string;
  readonly description: string;
  /**
   * The simplest of the calls on which it is tried. A backend that cannot run it does not have the property.
   */
  needs(): Graph;
  /** Throws with the smallest counterexample. With `of`, tries one `of`-th of the usual number of calls. */
  check(backend: Backend, of?: number): Promise<void>;
}

/** Milliseconds after which a running call counts as one that hangs. */
const CALL_LIMIT = 60_000;

/**
 * Milliseconds that a property may take. A backend that compiles each
 * call anew needs minutes on a busy machine.
 */
export const PROPERTY_LIMIT = 600_000;

/** Milliseconds for which a call that fails is made smaller. */
const SHRINK_LIMIT = 15_000;

/** Options of fast-check, with those of the environment. A hang is reported with the call that hung. */
function parameters(runs: number, of = 1): fc.Parameters<[AttentionCaseSpec]> {
  return {
    seed: Number(environment('ATTN_SEED') ?? 20240),
    numRuns: Number(environment('ATTN_RUNS') ?? Math.ceil(runs / of)),
    timeout: CALL_LIMIT,
    interruptAfterTimeLimit: PROPERTY_LIMIT - CALL_LIMIT,
    markInterruptAsFailure: true,
  };
}

/**
 * A property of random calls. Its first failure starts the clock of
 * `SHRINK_LIMIT`; after that no smaller call is tried, and fast-check reports
 * the smallest so far.
 */
function ofCalls(
  calls: fc.Arbitrary<AttentionCaseSpec>,
  check: (spec: AttentionCaseSpec) => Promise<void>,
): fc.IAsyncProperty<[AttentionCaseSpec]> {
  let shrinkUntil = Infinity;
  return fc.asyncProperty(calls, async (spec) => {
    if (performance.now() > shrinkUntil) return;
    try {
      await check(spec);
    } catch (error) {
      if (!fc.PreconditionFailure.isFailure(error))
        shrinkUntil = Math.min(shrinkUntil, performance.now() + SHRINK_LIMIT);
      throw error;
    }
  });
}

/** The graph and inputs of a random call. */
function build(spec: AttentionCaseSpec): ReturnType<ReturnType<typeof attentionCases>[number]['build']> {
  return attentionCases('A random call.', [spec])[0].build();
}

/** Throws unless a backend that supports the call gives what the oracle says. */
async function likeOracle(backend: Backend, spec: AttentionCaseSpec): Promise<void> {
  const result = await runCase(backend, attentionCases('A random call.', [spec])[0]);
  if (result.status === 'failed') throw new Error(result.message);
}

/** The graph of dense attention. */
const simplest = (): Graph => build({ pattern: full(), n: 4 }).graph;

/** Checks a call, on an executable that no other call uses. `undefined` is success. */
type CheckCall = (
  run: (inputs: Tensors) => Promise<Tensors>,
  spec: AttentionCaseSpec,
) => Promise<string | undefined>;

function property(
  name: string,
  description: string,
  runs: number,
  calls: fc.Arbitrary<AttentionCaseSpec>,
  check: CheckCall,
): BackendProperty {
  return {
    id: `property:${name}`,
    description,
    needs: simplest,
    check: (backend, of) =>
      fc.assert(
        ofCalls(calls, async (spec) => {
          const { graph } = build(spec);
          fc.pre(supportsGraph(backend, graph) === true);
          const executable = await backend.compile(graph);
          try {
            const problem = await check((inputs) => executable.run(inputs), spec);
            if (problem !== undefined)
              throw new Error(`${attentionCases(description, [spec])[0].id}\n${problem}`);
          } finally {
            executable.dispose();
          }
        }),
        parameters(runs, of),
      ),
  };
}

/** All properties. */
export const backendProperties: readonly BackendProperty[] = [
  {
    id: 'property:oracle',
    description: 'Random shapes, patterns and masks give what the oracle says.',
    needs: simplest,
    check: (backend, of) =>
      fc.assert(
        ofCalls(arbitraryCall, (spec) => likeOracle(backend, spec)),
        parameters(150, of),
      ),
  },
  {
    id: 'property:scores',
    description: 'Random expressions of scores, one for each head, give what the oracle says.',
    needs: () => build({ pattern: full(), n: 4, score: 'squared' }).graph,
    check: (backend, of) =>
      fc.assert(
        ofCalls(arbitraryScoredCall, (spec) => likeOracle(backend, spec)),
        // A kernel is compiled for each call, for seconds where calls are sampled.
        parameters(of === undefined ? 30 : 1),
      ),
  },
  property(
    'merge-states',
    'Keys that are split over calls and merged give the whole.',
    40,
    arbitraryMaskedCall,
    async (run, spec) => {
      const { graph, inputs } = build(spec);
      const states: AttentionState[] = [];
      for (let part = 0; part < 3; part++) {
        const { out, lse } = await run({ ...inputs, keyMask: onlyPart(inputs.keyMask, part, 3) });
        states.push({ out, lse });
      }
      const merged = mergeStates(states, { layout: spec.layout });
      for (const [name, expected] of Object.entries(oracle(graph, inputs))) {
        // Each part has its own error and is stored, and the merge divides by a sum of weights that are
        // off by the error of lse. Values are below 1, also those of parts that cancel out in the whole.
        const stored = name === 'out' && spec.dtype === 'f16' ? storageError('f16', 1) : 0;
        const tolerance = expected.tolerance.map(
          (allowed, i) => 8 * allowed + 1e-6 * Math.abs(expected.data[i]) + stored,
        );
        const mismatch = compareOutput(
          name,
          { ...expected, dtype: 'f32', tolerance },
          name === 'lse' ? merged.lse : merged.out,
        );
        if (mismatch) return mismatch.text;
      }
      return undefined;
    },
  ),
  property(
    'permuted-keys',
    'The order of the keys does not matter.',
    40,
    arbitraryUnordered,
    async (run, spec) => {
      const { graph, inputs } = build(spec);
      return differences('with keys in reverse', graph, inputs, await run(reverseKeys(inputs)));
    },
  ),
  property(
    'independent-rows',
    'What other batch rows and heads hold changes no bit of this one.',
    40,
    arbitraryCall,
    async (run, spec) => {
      const { inputs } = build(spec);
      const { heads = 2, kvHeads = heads, layout = 'bhnd' } = spec;
      const byHead = kvHeads === heads;
      const before = await run(inputs);
      const after = await run(spoilOthers(inputs, { layout, byHead }));
      for (const [name, { shape, data }] of Object.entries(before)) {
        for (const i of firstRows(shape, { layout: name === 'lse' ? 'bhnd' : layout, byHead })) {
          if (!Object.is(data[i], after[name].data[i]))
            return `${name}[${i}] was ${data[i]}, became ${after[name].data[i]}`;
        }
      }
      return undefined;
    },
  ),
  property('repeatable', 'The same call twice gives the same bits.', 25, arbitraryCall, async (run, spec) => {
    const { inputs } = build(spec);
    const [first, second] = [await run(inputs), await run(inputs)];
    const changed = Object.keys(first).find((name) =>
      first[name].data.some((value, i) => !Object.is(value, second[name].data[i])),
    );
    return changed === undefined ? undefined : `${changed} differs between two runs`;
  }),
];

/** Checks core's plans of random calls, cell by cell against `allows`. It needs no backend. */
export function checkPlans(): void {
  fc.assert(
    fc.property(arbitraryCall, (spec) => {
      const { graph, inputs } = build(spec);
      for (const node of graph.nodes) {
        const problem = node.op === 'attention' ? planProblem(inputs, node.attributes) : undefined;
        if (problem !== undefined) throw new Error(`${attentionCases('', [spec])[0].id}\n${problem}`);
      }
    }),
    { ...parameters(300), timeout: undefined },
  );
}
