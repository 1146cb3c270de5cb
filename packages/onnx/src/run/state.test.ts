// States: what a step reads and writes, and that it copies no cache.
import {
  f32,
  full,
  GraphBuilder,
  i32,
  type Backend,
  type Graph,
  type State,
  type Tensor,
  type TensorSpec,
} from '@attn/core';
import { halfToFloat32, PlanCache, sizeOf, withoutState } from '@attn/core/backend';
import { evaluateReference } from '@attn/core/reference';
import * as ort from 'onnxruntime-node';
import protobuf from 'onnx-proto';
import { afterEach, expect, test, vi } from 'vitest';
import { lowerGraph } from '../lower/lower.ts';
import { modelProblems } from '../model/check.testing.ts';
import { encodeModel } from '../model/encode.ts';
import { onnx } from '../node.ts';

const [HEADS, KV_HEADS, CAPACITY, DIM] = [4, 2, 40, 8];
const cache = { dtype: 'f32', shape: [2, KV_HEADS, CAPACITY, DIM] } as const;

/** Gives keys or values with the rows of a step. */
type Write = (
  builder: GraphBuilder,
  name: 'k' | 'v',
  spec: TensorSpec,
  step: Step,
) => ReturnType<GraphBuilder['writeRows']>;

interface Step {
  readonly queries: number;
  readonly layout?: 'bhnd' | 'bnhd';
  readonly dtype?: 'f32' | 'f16';
  readonly softcap?: number;
  readonly write?: Write;
}

const append: Write = (builder, name, spec, { layout, queries }) => {
  const axis = layout === 'bnhd' ? 1 : 2;
  const rows = builder.input(name, { ...spec, shape: spec.shape.with(axis, queries) });
  return builder.writeRows(builder.state(`${name}s`, spec), rows, at(builder), axis);
};

/** A step that appends `queries` rows to both caches and attends under a bias. */
function stepGraph(step: Step): Graph {
  const { queries, layout = 'bhnd', dtype = 'f32', softcap, write = append } = step;
  const builder = new GraphBuilder();
  const shape = layout === 'bhnd' ? [2, HEADS, queries, DIM] : [2, queries, HEADS, DIM];
  const spec = { dtype, shape: layout === 'bhnd' ? cache.shape : [2, CAPACITY, KV_HEADS, DIM] };
  const q = builder.input('q', { dtype, shape });
  const bias = builder.input('bias', { dtype: 'f32', shape: [1, 1, 1, CAPACITY] });
  const [k, v] = (['k', 'v'] as const).map((name) => write(builder, name, spec, step));
  const { out } = builder.attention({ q, k, v, bias }, { pattern: full(), layout, softcap });
  return builder.build({ out });
}

const places = new WeakMap<GraphBuilder, ReturnType<GraphBuilder['input']>>();

/** The input `at`, which both writes share. */
function at(builder: GraphBuilder) {
  const place = places.get(builder) ?? builder.input('at', { dtype: 'i32', shape: [1] });
  places.set(builder, place);
  return place;
}

function noise({ dtype, shape }: TensorSpec, seed: number): Tensor {
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed + 1.7 * i));
  if (dtype === 'f32') return f32(shape, values);
  return { dtype: 'f16', shape, data: Uint16Array.from(values, (value) => (value < 0 ? 0xb800 : 0x3400)) };
}

function numbersOf({ dtype, data }: Tensor): number[] {
  return Array.from(dtype === 'f16' ? halfToFloat32(data as Uint16Array) : data);
}

/** Inputs of a step at a place, which sees the keys up to it. */
function stepInputs(graph: Graph, place: number): Record<string, Tensor> {
  const inputs: Record<string, Tensor> = {};
  for (const [name, id] of graph.inputs) inputs[name] = noise(graph.values[id], place + name.charCodeAt(0));
  const bias = Float32Array.from({ length: CAPACITY }, (_, key) => (key <= place + 2 ? 0 : -Infinity));
  return { ...inputs, at: i32([1], [place]), bias: f32([1, 1, 1, CAPACITY], bias) };
}

function stateOf(backend: Backend, graph: Graph): Promise<State> {
  const specs = Object.fromEntries([...graph.states].map(([name, id]) => [name, graph.values[id]]));
  return backend.createState?.(specs) ?? Promise.reject(new Error('no states'));
}

afterEach(() => vi.restoreAllMocks());

const twice: Write = (builder, name, spec) => {
  const state = builder.state(`${name}s`, spec);
  const row = { ...spec, shape: spec.shape.with(2, 1) };
  const first = builder.writeRows(state, builder.input(name, row), at(builder), 2);
  const elsewhere = builder.constant(i32([1], [0]));
  return builder.writeRows(first, builder.input(`${name}2`, row), elsewhere, 2);
};
const throughView: Write = (builder, name, spec) => {
  const flat = builder.reshape(builder.state(`${name}s`, spec), [2 * KV_HEADS, CAPACITY, DIM]);
  const rows = builder.input(name, { dtype: spec.dtype, shape: [2 * KV_HEADS, 1, DIM] });
  return builder.reshape(builder.writeRows(flat, rows, at(builder), 1), spec.shape);
};

test.each<[string, Step]>([
  ['one query', { queries: 1 }],
  ['a soft cap', { queries: 1, softcap: 5 }],
  ['three queries', { queries: 3 }],
  ['more queries than two products take', { queries: 17 }],
  ['sequences before heads', { queries: 1, layout: 'bnhd' }],
  ['halves', { queries: 1, dtype: 'f16' }],
  ['two writes', { queries: 1, write: twice }],
  ['writes to a view', { queries: 1, write: throughView }],
])('steps with %s are as the reference says, and the state is what was written', async (_, options) => {
  const graph = stepGraph(options);
  const backend = onnx({ threads: 1 });
  const step = await backend.compile(graph);
  const state = await stateOf(backend, graph);
  const { graph: stateless, written } = withoutState(graph);
  const tensors: Record<string, Tensor> = {};
  for (const [index, [name, id]] of [...graph.states].entries()) {
    tensors[name] = noise(graph.values[id], 100 * (index + 1));
    await state.write(name, tensors[name]);
  }
  const tolerance = options.dtype === 'f16' ? 2e-3 : 1e-5;
  for (const place of [0, 5, CAPACITY - options.queries]) {
    const inputs = stepInputs(graph, place);
    const { out } = await step.run(inputs, { state });
    const expected = evaluateReference(stateless, { ...inputs, ...tensors });
    const actual = numbersOf(out);
    const worst = Math.max(...expected.out.data.map((value, i) => Math.abs(value - actual[i])));
    expect(worst).toBeLessThan(tolerance);
    for (const name of Object.keys(tensors)) {
      tensors[name] = await state.read(name);
      expect(numbersOf(tensors[name])).toEqual(Array.from(expected[written.get(name) ?? ''].data));
    }
  }
  await backend.dispose();
});

test('a step is fed the arrays of the state, and returns rows', async () => {
  const fed: ArrayBufferLike[][] = [];
  let returned = 0;
  const { create } = ort.InferenceSession;
  vi.spyOn(ort.InferenceSession, 'create').mockImplementation(async (...args: unknown[]) => {
    const session = await Reflect.apply(create, ort.InferenceSession, args);
    const run = session.run.bind(session);
    session.run = async (feeds: Record<string, ort.Tensor>) => {
      fed.push(['ks', 'vs'].map((name) => (feeds[name].data as Float32Array).buffer));
      const results = await run(feeds);
      for (const { data } of Object.values<ort.Tensor>(results))
        returned += (data as Float32Array).byteLength;
      return results;
    };
    return session;
  });
  const graph = stepGraph({ queries: 1 });
  const backend = onnx({ threads: 1 });
  const step = await backend.compile(graph);
  const state = await stateOf(backend, graph);
  for (let place = 0; place < 30; place++) await step.run(stepInputs(graph, place), { state });
  expect(new Set(fed.flat()).size).toBe(2);
  // The output, two rows, and where they go.
  expect(returned).toBe(30 * (4 * (2 * HEADS * DIM + 2 * 2 * KV_HEADS * DIM) + 8));
  await backend.dispose();
});

test.each([{ portable: false }, { portable: true }])(
  'nothing but the two products reads a cache: %o',
  (options) => {
    const lowered = lowerGraph(stepGraph({ queries: 1 }), new PlanCache(), options);
    const { model } = encodeModel(lowered.model, 'test');
    expect(modelProblems(model)).toEqual([]);
    const { node = [] } = protobuf.onnx.ModelProto.decode(model).graph ?? {};
    for (const name of ['ks', 'vs']) {
      const readers = (node ?? []).filter(({ input }) => input?.includes(name)).map(({ opType }) => opType);
      expect(readers).toHaveLength(1);
      expect(readers[0]).toMatch(/MatMul$/);
    }
  },
);

test('what was written over counts no more, be it NaN; what is seen does', async () => {
  const graph = stepGraph({ queries: 1 });
  const backend = onnx({ threads: 1 });
  const step = await backend.compile(graph);
  const [clean, dirty] = [await stateOf(backend, graph), await stateOf(backend, graph)];
  const values = f32(cache.shape, new Float32Array(sizeOf(cache.shape)));
  values.data.fill(NaN, 3 * DIM, 4 * DIM);
  for (const name of ['ks', 'vs']) await dirty.write(name, values);
  const inputs = stepInputs(graph, 3);
  const expected = await step.run(inputs, { state: clean });
  const { out } = await step.run(inputs, { state: dirty });
  for (let i = 0; i < out.data.length; i++) expect(out.data[i]).toBeCloseTo(expected.out.data[i], 5);
  await dirty.write('vs', values);
  const { data } = (await step.run(stepInputs(graph, 4), { state: dirty })).out;
  // The first two heads share the first head of keys.
  expect([...data].map(Number.isNaN)).toEqual([...data].map((_, i) => i < 2 * DIM));
  await backend.dispose();
});

test('a graph that writes a state without reading it is not fed it', () => {
  const builder = new GraphBuilder();
  const rows = builder.input('rows', { ...cache, shape: cache.shape.with(2, 3) });
  const log = builder.writeRows(builder.state('log', cache), rows, builder.constant(i32([1], [0])), 2);
  const lowered = lowerGraph(builder.build({ log }), new PlanCache());
  expect(modelProblems(encodeModel(lowered.model, 'test').model)).toEqual([]);
  expect([...lowered.inputs.keys(), ...lowered.states.keys()]).toEqual(['rows']);
  expect([...lowered.outputs.keys()]).toEqual([]);
});

test('an executable that is disposed while a run waits for its state still does that run', async () => {
  const graph = stepGraph({ queries: 1 });
  const backend = onnx({ threads: 1 });
  const state = await stateOf(backend, graph);
  const [first, second] = [await backend.compile(graph), await backend.compile(graph)];
  const earlier = first.run(stepInputs(graph, 0), { state });
  const waiting = second.run(stepInputs(graph, 1), { state });
  second.dispose();
  await earlier;
  expect((await waiting).out.data.every(Number.isFinite)).toBe(true);
  await expect(second.run(stepInputs(graph, 2), { state })).rejects.toMatchObject({ code: 'DISPOSED' });
  await state.dispose();
  await expect(first.run(stepInputs(graph, 2), { state })).rejects.toMatchObject({ code: 'DISPOSED' });
  await backend.dispose();
});
