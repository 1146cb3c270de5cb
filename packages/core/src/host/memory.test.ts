import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { ARENA_ALIGNMENT, planMemory } from './memory.ts';
import { randomGraph } from '../graph/random-graph.testing.ts';

const vector = { dtype: 'f32', shape: [16] } as const;

describe('sharing memory', () => {
  test('a chain needs two slots', () => {
    const builder = new GraphBuilder();
    let value = builder.input('x', vector);
    for (let i = 0; i < 10; i++) value = builder.relu(value);
    const plan = planMemory(builder.build({ y: builder.relu(value) }));
    expect(plan.peakBytes).toBe(2 * 64);
    expect(plan.totalBytes).toBe(10 * 64);
  });

  test('inputs, constants and outputs are outside', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', vector);
    const plan = planMemory(builder.build({ x, y: builder.relu(x) }));
    expect(plan.placements.size).toBe(0);
    expect(plan.peakBytes).toBe(0);
  });

  test('a view lives in the memory of its operand, as long as either is read', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', vector);
    const first = builder.relu(x);
    const view = builder.reshape(builder.reshape(first, [4, 4]), [2, 8]);
    const second = builder.tanh(builder.relu(x));
    const graph = builder.build({ y: builder.add(builder.reshape(second, [2, 8]), view) });
    const { storage, placements } = planMemory(graph);
    const [relu] = graph.nodes;
    const add = graph.nodes.findIndex(({ op }) => op === 'add');
    expect(storage[graph.nodes[add].inputs.b]).toBe(relu.outputs[0]);
    expect(placements.get(relu.outputs[0])).toMatchObject({ first: 0, last: add });
  });

  test('a view that is an output keeps its operand out of the arena', () => {
    const builder = new GraphBuilder();
    const y = builder.reshape(builder.relu(builder.input('x', vector)), [4, 4]);
    expect(planMemory(builder.build({ y })).placements.size).toBe(0);
  });

  test('a small value goes into the smallest gap', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [64] });
    const big = builder.relu(x);
    const small = builder.slice(big, [0], [16]);
    const other = builder.tanh(small);
    const graph = builder.build({ y: builder.relu(builder.add(other, small)) });
    expect(planMemory(graph).peakBytes).toBe(256 + 64);
  });
});

test('no two live values overlap, and sharing never costs', () => {
  fc.assert(
    fc.property(randomGraph, ({ graph }) => {
      const { placements, peakBytes, totalBytes } = planMemory(graph);
      const places = [...placements.values()];
      expect(peakBytes).toBeLessThanOrEqual(totalBytes);
      for (const [i, a] of places.entries()) {
        expect(a.offset % ARENA_ALIGNMENT).toBe(0);
        expect(a.offset + a.byteLength).toBeLessThanOrEqual(peakBytes);
        for (const b of places.slice(i + 1)) {
          const together = a.first <= b.last && b.first <= a.last;
          const apart = a.offset + a.byteLength <= b.offset || b.offset + b.byteLength <= a.offset;
          expect(!together || apart).toBe(true);
        }
      }
    }),
  );
});
