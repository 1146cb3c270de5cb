/** States of graphs: what may be read and written when, and what stays in the graph. */
import { describe, expect, test } from 'vitest';
import { f32, i32 } from '../tensor.ts';
import { planMemory } from '../host/memory.ts';
import { expectError } from '../ops/ops.testing.ts';
import { evaluateReference } from './evaluate.ts';
import { GraphBuilder } from './builder.ts';
import { storageOf } from './storage.ts';
import { withoutState } from './without-state.ts';

const spec = { dtype: 'f32', shape: [4, 2] } as const;
const row = { dtype: 'f32', shape: [1, 2] } as const;
const position = { dtype: 'i32', shape: [1] } as const;

/** A builder with the state `log`, and inputs to write to it. */
function parts() {
  const builder = new GraphBuilder();
  return {
    builder,
    log: builder.state('log', spec),
    rows: builder.input('rows', row),
    at: builder.input('at', position),
  };
}

describe('a graph with a state', () => {
  test('keeps writes that no output needs, and states that nobody touches', () => {
    const { builder, log, rows, at } = parts();
    builder.state('other', row);
    builder.relu(log);
    builder.writeRows(log, rows, at);
    const graph = builder.build({ y: builder.relu(rows) });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['writeRows', 'relu']);
    expect([...graph.states.keys()]).toEqual(['log', 'other']);
    expect(graph.names.get(graph.states.get('log') ?? -1)).toBe('log');
  });

  test('has a key of its own', () => {
    const asState = parts();
    const asInput = new GraphBuilder();
    const y = asState.builder.relu(asState.log);
    const keys = [
      asState.builder.build({ y }).key,
      asInput.build({ y: asInput.relu(asInput.input('log', spec)) }).key,
    ];
    expect(new Set(keys).size).toBe(2);
  });

  test('writes in place: every content of a state has its memory', () => {
    const { builder, log, rows, at } = parts();
    const flat = builder.reshape(log, [8]);
    const copy = builder.writeRows(builder.relu(log), rows, at);
    const written = builder.writeRows(builder.writeRows(log, rows, at), rows, at);
    const graph = builder.build({ copy, written, flat: builder.reshape(written, [2, 4]) });
    const ids = [...graph.states.values()];
    const owners = new Set(graph.nodes.flatMap(({ op, outputs }) => (op === 'relu' ? [] : outputs)));
    const storage = storageOf(graph);
    expect([...owners].map((id) => storage[id] === ids[0])).toEqual([false, true, true, true]);
    expect(planMemory(graph).placements.size).toBe(1);
    expect(flat.shape).toEqual([8]);
  });

  test('is a graph without state whose states are inputs and outputs', () => {
    const { builder, log, rows, at } = parts();
    builder.state('other', row);
    const graph = builder.build({ log: builder.reduce(builder.writeRows(log, rows, at), 0, 'sum') });
    const { graph: pure, written } = withoutState(graph);
    expect([...pure.inputs.keys()]).toEqual(['rows', 'at', 'log', 'other']);
    expect([...written]).toEqual([['log', "log'"]]);
    expect(withoutState(graph).graph).toBe(pure);
    const inputs = {
      rows: f32([1, 2], [5, 6]),
      at: i32([1], [2]),
      log: f32([4, 2], [1, 1, 1, 1, 1, 1, 1, 1]),
      other: f32([1, 2], [0, 0]),
    };
    expect([...evaluateReference(graph, inputs).log.data]).toEqual([8, 9]);
    const outputs = evaluateReference(pure, inputs);
    expect([...outputs.log.data]).toEqual([8, 9]);
    expect([...outputs["log'"].data]).toEqual([1, 1, 1, 1, 5, 6, 1, 1]);
  });
});

describe('refuses', () => {
  const after = 'must be the content of state log after its last write, got one from before it';

  test('to read a content that is gone', () => {
    const { builder, log, rows, at } = parts();
    const view = builder.reshape(log, [8]);
    builder.writeRows(log, rows, at);
    expectError(() => builder.relu(log), 'INVALID_GRAPH', `graph: input x of relu ${after}`);
    expectError(() => builder.relu(view), 'INVALID_GRAPH', `graph: input x of relu ${after}`);
    expectError(() => builder.build({ log }), 'INVALID_GRAPH', `graph: output log ${after}`);
  });

  test('a second chain of writes', () => {
    const { builder, log, rows, at } = parts();
    const next = builder.writeRows(log, rows, at);
    expectError(
      () => builder.writeRows(log, rows, at),
      'INVALID_GRAPH',
      `graph: input x of writeRows ${after}`,
    );
    expect(builder.writeRows(next, rows, at).shape).toEqual([4, 2]);
  });

  test('a state that is written with itself', () => {
    const { builder, log, at } = parts();
    expectError(
      () => builder.writeRows(log, log, at),
      'INVALID_GRAPH',
      'graph: rows and at of a write to state log must not be that state itself, got a view of it',
    );
  });

  test('a name that an input has', () => {
    const { builder } = parts();
    expectError(
      () => builder.state('rows', spec),
      'INVALID_GRAPH',
      'graph: names of inputs, states and constants must differ, got "rows" twice',
    );
  });
});
