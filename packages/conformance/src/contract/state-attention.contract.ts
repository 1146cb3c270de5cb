/** Promises about attention over a state: what a decoder with a cache computes. */
import { f32, full, GraphBuilder, i32, type Graph, type Tensor, type Tensors } from '@attn/core';
import { differences } from '../runner.ts';
import type { ContractCase } from './contract.ts';
import { numbers, stateContract } from './state.ts';

const [HEADS, DIM] = [2, 8];

/** A step: appends a key and a value to states, and attends to them under a bias [1, 1, 1, capacity]. */
function stepGraph(capacity: number): Graph {
  const builder = new GraphBuilder();
  const row = { dtype: 'f32', shape: [1, HEADS, 1, DIM] } as const;
  const cache = { dtype: 'f32', shape: [1, HEADS, capacity, DIM] } as const;
  const at = builder.input('at', { dtype: 'i32', shape: [1] });
  const append = (name: string): ReturnType<GraphBuilder['state']> =>
    builder.writeRows(builder.state(`${name}s`, cache), builder.input(name, row), at, 2);
  const { out } = builder.attention(
    {
      q: builder.input('q', row),
      k: append('k'),
      v: append('v'),
      bias: builder.input('bias', { dtype: 'f32', shape: [1, 1, 1, capacity] }),
    },
    { pattern: full() },
  );
  return builder.build({ out });
}

/** Writes keys and values from the first on. */
function promptGraph(capacity: number, length: number): Graph {
  const builder = new GraphBuilder();
  const cache = { dtype: 'f32', shape: [1, HEADS, capacity, DIM] } as const;
  const rows = { dtype: 'f32', shape: [1, HEADS, length, DIM] } as const;
  const at = builder.constant(i32([1], [0]));
  const write = (name: string): ReturnType<GraphBuilder['state']> =>
    builder.writeRows(builder.state(`${name}s`, cache), builder.input(name, rows), at, 2);
  return builder.build({ k: write('k'), v: write('v') });
}

/** Attention of one query to the keys themselves, which nothing hides. */
function plainGraph(length: number): Graph {
  const builder = new GraphBuilder();
  const many = { dtype: 'f32', shape: [1, HEADS, length, DIM] } as const;
  const q = builder.input('q', { dtype: 'f32', shape: [1, HEADS, 1, DIM] });
  const { out } = builder.attention(
    { q, k: builder.input('k', many), v: builder.input('v', many) },
    { pattern: full() },
  );
  return builder.build({ out });
}

/** The query, key and value of a step. */
function stepInputs(position: number): Record<'q' | 'k' | 'v', Tensor<'f32'>> {
  const shape = [1, HEADS, 1, DIM];
  return {
    q: numbers(shape, 3 * position + 1),
    k: numbers(shape, 3 * position + 2),
    v: numbers(shape, 3 * position + 3),
  };
}

/** A bias that hides all keys but the first `length`. */
function hidden(length: number, capacity: number): Tensor {
  return f32(
    [1, 1, 1, capacity],
    Array.from({ length: capacity }, (_, key) => (key < length ? 0 : -Infinity)),
  );
}

/** Rows [1, heads, 1, dim] one after another. */
function concatenated(rows: readonly Tensor[]): Tensor {
  const data = new Float32Array(HEADS * rows.length * DIM);
  rows.forEach((row, index) => {
    for (let head = 0; head < HEADS; head++) {
      const part = row.data.subarray(head * DIM, (head + 1) * DIM);
      data.set(part as Float32Array, (head * rows.length + index) * DIM);
    }
  });
  return { dtype: 'f32', shape: [1, HEADS, rows.length, DIM], data };
}

/** The keys and values of steps, one after another. */
function keysAndValues(positions: readonly number[]): [k: Tensor, v: Tensor] {
  const steps = positions.map(stepInputs);
  return [concatenated(steps.map(({ k }) => k)), concatenated(steps.map(({ v }) => v))];
}

/** The positions 0 … last. */
function upTo(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, position) => position);
}

/** Compares a run's outputs with attention of the query to the keys and values of these steps. */
function problemOf(
  what: string,
  q: Tensor,
  positions: readonly number[],
  outputs: Tensors,
): string | undefined {
  const [k, v] = keysAndValues(positions);
  return differences(what, plainGraph(positions.length), { q, k, v }, outputs);
}

function cacheSpecs(capacity: number): Parameters<GraphBuilder['state']>[1][] {
  const spec = { dtype: 'f32', shape: [1, HEADS, capacity, DIM] } as const;
  return [spec, spec];
}

export const stateAttentionContract: readonly ContractCase[] = [
  stateContract(
    'attention',
    'Steps of attention over a growing state, whose rest a bias hides, are those over the concatenated keys.',
    async (backend) => {
      const capacity = 70;
      const [ks, vs] = cacheSpecs(capacity);
      await using state = await backend.createState({ ks, vs });
      const step = await backend.compile(stepGraph(capacity));
      let problem: string | undefined;
      const run = async (position: number): Promise<void> => {
        const bias = hidden(position + 1, capacity);
        const inputs = { ...stepInputs(position), at: i32([1], [position]), bias };
        const outputs = await step.run(inputs, { state });
        problem ??= problemOf(`step ${position}`, inputs.q, upTo(position), outputs);
      };
      for (let position = 0; position < 4; position++) await run(position);
      // The tokens in between come all at once, as those of a prompt do.
      const [k, v] = keysAndValues(upTo(62));
      const prompt = await backend.compile(promptGraph(capacity, 63));
      await prompt.run({ k, v }, { state });
      prompt.dispose();
      for (let position = 63; position < 66; position++) await run(position);
      step.dispose();
      return problem;
    },
    () => stepGraph(70),
  ),
  stateContract(
    'attention-window',
    'In a state that is written in a ring, attention sees the last keys, in whatever order they lie.',
    async (backend) => {
      const capacity = 6;
      const [ks, vs] = cacheSpecs(capacity);
      await using state = await backend.createState({ ks, vs });
      const step = await backend.compile(stepGraph(capacity));
      let problem: string | undefined;
      for (let position = 0; position < 3 * capacity; position++) {
        const at = i32([1], [position % capacity]);
        const inputs = { ...stepInputs(position), at, bias: hidden(position + 1, capacity) };
        const outputs = await step.run(inputs, { state });
        const first = Math.max(0, position - capacity + 1);
        const visible = Array.from({ length: position - first + 1 }, (_, index) => first + index);
        problem ??= problemOf(`step ${position}`, inputs.q, visible, outputs);
      }
      step.dispose();
      return problem;
    },
    () => stepGraph(6),
  ),
];
