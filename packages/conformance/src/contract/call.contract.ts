/** Promises about calls: error codes, views as inputs, overlapping runs, equal bits in equal runs. */
import {
  causal,
  f32,
  full,
  GraphBuilder,
  globalTokens,
  i32,
  or,
  slidingWindow,
  type AttnErrorCode,
  type Graph,
  type Tensor,
  type Tensors,
} from '@attn/core';
import { lazyTensor } from '@attn/core/backend';
import { differences } from '../runner.ts';
import {
  contractGraph,
  contractInputs,
  contract,
  generalContract,
  rejects,
  type ContractCase,
} from './contract.ts';

/** A view with the values of a tensor: every row is part of a wider row, whose rest is NaN. */
function asView(value: Tensor): Tensor {
  const width = value.shape[value.shape.length - 1];
  const data = new Float32Array((value.data.length / width) * (width + 3)).fill(NaN);
  for (let i = 0; i < value.data.length; i++)
    data[Math.floor(i / width) * (width + 3) + (i % width)] = value.data[i];
  const [, heads, length] = value.shape;
  const strides = [heads * length * (width + 3), length * (width + 3), width + 3, 1];
  return { dtype: 'f32', shape: value.shape, data, strides };
}

/** A check that the backend rejects a call on a small attention graph. */
function rejectsInputs(
  code: AttnErrorCode,
  inputs: (good: Record<string, Tensor>) => Tensors,
): ContractCase['check'] {
  return async (backend) => {
    const executable = await backend.compile(contractGraph(full(), 5));
    const problem = await rejects(code, () => executable.run(inputs(contractInputs(5, 1))));
    executable.dispose();
    return problem;
  };
}

/**
 * A call with x [2, 3] and a matrix that is read lazily: their product, and
 * the matrix added to itself. `reads` counts how often the matrix was read.
 */
function lazyCall(): { readonly graph: Graph; readonly inputs: Record<string, Tensor>; reads(): number } {
  let reads = 0;
  const weight = lazyTensor({ dtype: 'f32', shape: [4, 3] }, () => {
    reads++;
    return Float32Array.from({ length: 12 }, (_, i) => i - 6);
  });
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2, 3] });
  const rows = builder.constant(weight, 'weight');
  const graph = builder.build({ y: builder.linear(x, rows), sum: builder.add(rows, rows) });
  return { graph, inputs: { x: f32([2, 3], [1, 2, 3, 4, 5, 6]) }, reads: () => reads };
}

/** A graph that looks up three ids in a table of four rows. */
function embeddingGraph(): Graph {
  const builder = new GraphBuilder();
  const ids = builder.input('ids', { dtype: 'i32', shape: [3] });
  const table = builder.constant(f32([4, 2], new Float32Array(8)));
  return builder.build({ out: builder.embedding(ids, table) });
}

/** Promises about calls. */
export const callContract: readonly ContractCase[] = [
  contract(
    'lazy-constants',
    'Constants that are read when they are asked for are weights as any other, and are not read for every run.',
    async (backend) => {
      const { graph, inputs, reads } = lazyCall();
      const executable = await backend.compile(graph);
      const runs: Tensors[] = [];
      for (let i = 0; i < 10; i++) runs.push(await executable.run(inputs));
      executable.dispose();
      const before = reads();
      const problem = differences('the last run', graph, inputs, runs[9]);
      if (problem !== undefined) return problem;
      return before === 1 || before === 2 ? undefined : `expected it to be read once or twice, got ${before}`;
    },
    () => lazyCall().graph,
  ),
  generalContract('probe', 'A probe says what the machine has, and says the same again.', async (backend) => {
    const [first, second] = [await backend.probe(), await backend.probe()];
    if (!first.available) return `expected the backend to be available, got ${first.reason}`;
    if (first.summary === '') return 'expected a summary, got an empty text';
    return JSON.stringify(first) === JSON.stringify(second) ? undefined : 'two probes differ';
  }),
  generalContract(
    'supports',
    'What is supported does not change from one question to the next.',
    async (backend) => {
      const graph = contractGraph(causal(), 70);
      const answers = [1, 2, 3].map(() => backend.supports(graph.nodes[0], graph));
      return answers.every((answer) => answer === answers[0])
        ? undefined
        : `answers differ: ${answers.join(', ')}`;
    },
  ),
  contract(
    'estimate',
    'A prediction is a finite number of milliseconds, and more work takes longer.',
    async (backend) => {
      await backend.probe();
      const [short, long] = [64, 4096].map((n) => backend.estimate(contractGraph(full(), n)));
      if (!Number.isFinite(short) || !(short >= 0)) return `expected a time, got ${short}`;
      return long > short
        ? undefined
        : `expected 4096 tokens to take longer than 64, got ${long} and ${short}`;
    },
  ),
  contract(
    'missing-input',
    'An input that is absent is MISSING_INPUT.',
    rejectsInputs('MISSING_INPUT', ({ q, k }) => ({ q, k })),
  ),
  contract(
    'unknown-input',
    'An input that the graph does not have is INVALID_ARGUMENT.',
    rejectsInputs('INVALID_ARGUMENT', (good) => ({ ...good, x: good.q })),
  ),
  contract(
    'wrong-shape',
    'An input of another shape is INVALID_SHAPE.',
    rejectsInputs('INVALID_SHAPE', (good) => ({ ...good, k: f32([1, 2, 4, 8], new Float32Array(64)) })),
  ),
  contract(
    'wrong-dtype',
    'An input of another dtype is INVALID_DTYPE.',
    rejectsInputs('INVALID_DTYPE', (good) => ({ ...good, v: i32([1, 2, 5, 8], new Int32Array(80)) })),
  ),
  contract(
    'index-out-of-range',
    'An id beyond the table is INVALID_ARGUMENT, not foreign memory.',
    async (backend) => {
      const executable = await backend.compile(embeddingGraph());
      const problem =
        (await rejects('INVALID_ARGUMENT', () => executable.run({ ids: i32([3], [0, 4, 1]) }))) ??
        (await rejects('INVALID_ARGUMENT', () => executable.run({ ids: i32([3], [0, -1, 1]) })));
      executable.dispose();
      return problem;
    },
    embeddingGraph,
  ),
  contract('strided-inputs', 'A view into a larger array gives what a copy of it gives.', async (backend) => {
    const graph = contractGraph(or(slidingWindow({ before: 3, after: 3 }), globalTokens([0])), 70);
    const inputs = contractInputs(70, 2);
    const views = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, asView(value)]));
    const executable = await backend.compile(graph);
    const outputs = await executable.run(views);
    executable.dispose();
    return differences('run on views', graph, inputs, outputs);
  }),
  contract('overlapping-runs', 'Runs that overlap do not disturb each other.', async (backend) => {
    const graph = contractGraph(causal(), 130);
    const executable = await backend.compile(graph);
    const batches = [1, 2, 3, 4].map((seed) => contractInputs(130, seed));
    const results = await Promise.all(batches.map((inputs) => executable.run(inputs)));
    executable.dispose();
    return results
      .map((outputs, i) => differences(`run ${i}`, graph, batches[i], outputs))
      .find((problem) => problem);
  }),
  contract(
    'two-executables',
    'Two executables of one graph are independent, also of each other’s end.',
    async (backend) => {
      const graph = contractGraph(causal(), 20);
      const [executable, other] = [await backend.compile(graph), await backend.compile(graph)];
      const inputs = contractInputs(20, 5);
      const first = await executable.run(inputs);
      executable.dispose();
      const second = await other.run(inputs);
      other.dispose();
      return (
        differences('first executable', graph, inputs, first) ?? differences('second', graph, inputs, second)
      );
    },
  ),
  contract('same-run-same-bits', 'The same run twice gives the same bits.', async (backend) => {
    const executable = await backend.compile(contractGraph(slidingWindow({ before: 20, after: 20 }), 300));
    const inputs = contractInputs(300, 6);
    const [first, second] = [await executable.run(inputs), await executable.run(inputs)];
    executable.dispose();
    const isSame = Object.keys(first).every((name) =>
      first[name].data.every((value, i) => Object.is(value, second[name].data[i])),
    );
    return isSame ? undefined : 'the second run differs from the first';
  }),
];
