import { expect, test } from 'vitest';
import type { Backend } from '../contract/backend.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { PlanCache } from '../plan/plan-cache.ts';
import { f32 } from '../tensor.ts';
import { fakeBackend } from './fake-backend.testing.ts';
import { Runs } from './runs.ts';

const x = f32([2], [1, 2]);

/** A graph with a constant of so many bytes, by its shape. */
function graphOf(key: string, bytes = 8): Graph {
  const builder = new GraphBuilder();
  const graph = builder.build({ y: builder.relu(builder.input('x', x)) });
  const weight = { dtype: 'f32' as const, shape: [bytes / 4], data: new Float32Array() };
  return { ...graph, key, constants: new Map([[99, weight]]) };
}

/** Counts what becomes of its executables, whose runs return nothing when `onRun` resolves. */
function counting(onRun: () => Promise<void> = async () => {}, heldBytes?: number) {
  const counts = { compiled: 0, disposed: 0 };
  const backend: Backend = {
    ...fakeBackend('fake'),
    compile: async () => {
      counts.compiled += 1;
      return {
        ...(heldBytes !== undefined && { heldBytes }),
        run: async () => {
          await onRun();
          return {};
        },
        dispose: () => void (counts.disposed += 1),
      };
    },
  };
  return { backend, counts, runs: new Runs(new PlanCache()) };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

test('as many executables are kept as their constants fit, and at least the newest', async () => {
  const { backend, counts, runs } = counting();
  const [a, b, c] = [graphOf('a', 2 ** 29), graphOf('b', 2 ** 30), graphOf('c', 2 ** 32)];
  for (const graph of [a, b, a, b]) await runs.run(backend, graph, { x }, {});
  expect(counts).toMatchObject({ compiled: 2, disposed: 0 });
  await runs.run(backend, c, { x }, {});
  await settle();
  expect(counts).toMatchObject({ compiled: 3, disposed: 2 });
  await runs.run(backend, c, { x }, {});
  expect(counts.compiled).toBe(3);
});

test('executables whose constants stay in a file count by what they hold themselves', async () => {
  const { backend, counts, runs } = counting(undefined, 2 ** 20);
  const graphs = Array.from({ length: 6 }, (_, i) => graphOf(`${i}`, 2 ** 30));
  for (const graph of [...graphs, ...graphs]) await runs.run(backend, graph, { x }, {});
  expect(counts).toEqual({ compiled: 6, disposed: 0 });
});

test('an executable in use is disposed when its last run ends', async () => {
  let finish = () => {};
  const { backend, counts, runs } = counting(() => new Promise<void>((resolve) => (finish = resolve)));
  const graph = graphOf('a');
  const running = runs.run(backend, graph, { x }, {});
  await settle();
  runs.release(graph);
  await settle();
  expect(counts.disposed).toBe(0);
  finish();
  await running;
  await settle();
  expect(counts.disposed).toBe(1);
});

test('remembers how long the last run took, until the graph is released', async () => {
  const { backend, runs } = counting();
  const [a, b] = [graphOf('a'), graphOf('b')];
  await runs.run(backend, a, { x }, {});
  expect(runs.measuredMs(backend, a)).toBeGreaterThanOrEqual(0);
  expect(runs.measuredMs(backend, b)).toBeUndefined();
  runs.release(a);
  expect(runs.measuredMs(backend, a)).toBeUndefined();
});
