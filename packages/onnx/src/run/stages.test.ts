// Graphs that fill large states: a session for each write, the same results, and nothing left open.
import { f32, GraphBuilder, i32, type Graph } from '@attn/core';
import * as ort from 'onnxruntime-node';
import { afterEach, expect, test, vi } from 'vitest';
import { onnx } from '../node.ts';
import { stagesOf } from './stages.ts';

afterEach(() => void vi.restoreAllMocks());

const [ROWS, WIDTH] = [1024, 16];
/** Heads of so many are 32 MiB of keys or values. */
const HEADS = 512;

/** Keys and values of x in caches, and the mean of x. */
function graphOf({ heads = HEADS, reads = false } = {}): Graph {
  const builder = new GraphBuilder();
  const x = builder.tanh(builder.input('x', { dtype: 'f32', shape: [ROWS, WIDTH] }));
  const start = builder.constant(i32([1], [0]));
  const outputs = { mean: builder.reduce(x, 0, 'mean') };
  for (const [i, name] of ['keys', 'values'].entries()) {
    const numbers = Float32Array.from({ length: heads * WIDTH * WIDTH }, (_, at) => ((at + i) % 7) / 7);
    const weight = builder.constant(f32([heads * WIDTH, WIDTH], numbers));
    const split = builder.reshape(builder.linear(x, weight), [ROWS, heads, WIDTH]);
    const state = builder.state(name, { dtype: 'f32', shape: [heads, ROWS, WIDTH] });
    const written = builder.writeRows(state, builder.transpose(split, [1, 0, 2]), start, 1);
    if (reads) Object.assign(outputs, { [name]: builder.reduce(written, 1, 'sum') });
  }
  return builder.build(outputs);
}

test('a write that is large is a stage of its own, out of what the first stage returns', () => {
  const stages = stagesOf(graphOf());
  const shapeOf = (graph: Graph) => ({
    ops: graph.nodes.map(({ op }) => op),
    inputs: [...graph.inputs.keys()],
    states: [...graph.states.keys()],
    outputs: [...graph.outputs.keys()].length,
  });
  const project = ['linear', 'reshape', 'transpose', 'writeRows'];
  const [between] = [...stages[1].inputs.keys()];
  expect(stages.map(shapeOf)).toEqual([
    { ops: ['tanh', 'reduce'], inputs: ['x'], states: [], outputs: 2 },
    { ops: project, inputs: [between], states: ['keys'], outputs: 0 },
    { ops: project, inputs: [between], states: ['values'], outputs: 0 },
  ]);
  expect(stages[0].outputs.has(between)).toBe(true);
});

test('small writes, and those that are read, stay in one graph', () => {
  for (const graph of [graphOf({ heads: 2 }), graphOf({ reads: true })])
    expect(stagesOf(graph)).toEqual([graph]);
});

test('stages give the results of the graph, and all their sessions are released', async () => {
  const backend = onnx({ threads: 1 });
  const released: unknown[] = [];
  const { create } = ort.InferenceSession;
  vi.spyOn(ort.InferenceSession, 'create').mockImplementation(async (...args: unknown[]) => {
    const session = await Reflect.apply(create, ort.InferenceSession, args);
    const release = session.release.bind(session);
    session.release = async () => void released.push(await release());
    return session;
  });
  const x = f32(
    [ROWS, WIDTH],
    Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.sin(i)),
  );
  const executable = await backend.compile(graphOf());
  const spec = { dtype: 'f32', shape: [HEADS, ROWS, WIDTH] } as const;
  const state = await backend.createState?.({ keys: spec, values: spec });
  const outputs = await executable.run({ x }, { state });
  expect(Object.keys(outputs)).toEqual(['mean']);
  const turned = x.data.map(Math.tanh);
  const column = turned.filter((_, at) => at % WIDTH === 3);
  expect(outputs.mean.data[3]).toBeCloseTo(column.reduce((sum, value) => sum + value, 0) / ROWS, 5);
  for (const [i, name] of ['keys', 'values'].entries()) {
    const { data } = (await state?.read(name)) ?? expect.fail('no state');
    for (const [head, row, d] of [
      [0, 0, 0],
      [7, 1000, 5],
      [HEADS - 1, ROWS - 1, WIDTH - 1],
    ]) {
      let sum = 0;
      for (let at = 0; at < WIDTH; at++)
        sum += turned[row * WIDTH + at] * ((((head * WIDTH + d) * WIDTH + at + i) % 7) / 7);
      expect(data[(head * ROWS + row) * WIDTH + d]).toBeCloseTo(sum, 4);
    }
  }
  executable.dispose();
  await vi.waitFor(() => expect(released).toHaveLength(3));
  await backend.dispose();
});
