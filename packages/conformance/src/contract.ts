/**
 * What a backend promises beside numbers: the errors it throws, runs that overlap, views as inputs, the end of its life.
 * See the documentation of `Backend` and `Executable` in core.
 */
import {
  AttnError,
  causal,
  f32,
  full,
  GraphBuilder,
  globalTokens,
  i32,
  or,
  slidingWindow,
  type AttnErrorCode,
  type Backend,
  type Graph,
  type Pattern,
  type Progress,
  type Tensor,
  type Tensors,
} from '@attn/core';
import { fill } from './data.ts';
import { differences } from './runner.ts';

/** One promise. */
export interface ContractCase {
  /** `contract:<name>`. */
  readonly id: string;
  readonly description: string;
  /** What is wrong, or undefined. Never disposes of the backend. */
  check(backend: Backend): Promise<string | undefined>;
}

/** A graph of one attention node with inputs q, k, v of [1, 2, n, 8]. */
function attentionGraph(pattern: Pattern, n: number): Graph {
  const builder = new GraphBuilder();
  const spec = { dtype: 'f32', shape: [1, 2, n, 8] } as const;
  const [q, k, v] = [builder.input('q', spec), builder.input('k', spec), builder.input('v', spec)];
  const { out, lse } = builder.attention({ q, k, v }, { pattern, returnLse: true });
  return builder.build(lse ? { out, lse } : { out });
}

function attentionInputs(n: number, seed: number): Record<string, Tensor> {
  const one = (salt: number): Tensor => f32([1, 2, n, 8], fill('bell', 16 * n, seed * 8 + salt));
  return { q: one(1), k: one(2), v: one(3) };
}

/** The same values as a view: every row stands in a wider one, whose rest is NaN. */
function asView(value: Tensor): Tensor {
  const width = value.shape[value.shape.length - 1];
  const data = new Float32Array((value.data.length / width) * (width + 3)).fill(NaN);
  for (let i = 0; i < value.data.length; i++)
    data[Math.floor(i / width) * (width + 3) + (i % width)] = value.data[i];
  const [, heads, length] = value.shape;
  const strides = [heads * length * (width + 3), length * (width + 3), width + 3, 1];
  return { dtype: 'f32', shape: value.shape, data, strides };
}

/** What is wrong unless the promise rejects with an `AttnError` of this code. */
async function rejects(code: AttnErrorCode, call: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await call();
    return `expected ${code}, got a result`;
  } catch (error) {
    if (error instanceof AttnError && error.code === code) return undefined;
    return `expected an AttnError ${code}, got ${String(error)}`;
  }
}

function contract(name: string, description: string, check: ContractCase['check']): ContractCase {
  return { id: `contract:${name}`, description, check };
}

/** Runs a call that the backend must reject, on a small attention graph. */
function rejected(
  code: AttnErrorCode,
  inputs: (good: Record<string, Tensor>) => Tensors,
): ContractCase['check'] {
  return async (backend) => {
    const executable = await backend.compile(attentionGraph(full(), 5));
    const problem = await rejects(code, () => executable.run(inputs(attentionInputs(5, 1))));
    executable.dispose();
    return problem;
  };
}

export const contractCases: readonly ContractCase[] = [
  contract('probe', 'A probe says what the machine has, and says the same again.', async (backend) => {
    const [first, second] = [await backend.probe(), await backend.probe()];
    if (!first.available) return `expected the backend to be available, got ${first.reason}`;
    if (first.summary === '') return 'expected a summary, got an empty text';
    return JSON.stringify(first) === JSON.stringify(second) ? undefined : 'two probes differ';
  }),
  contract(
    'supports',
    'What is supported does not change from one question to the next.',
    async (backend) => {
      const graph = attentionGraph(causal(), 70);
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
      const [short, long] = [64, 4096].map((n) => backend.estimate(attentionGraph(full(), n)));
      if (!Number.isFinite(short) || !(short >= 0)) return `expected a time, got ${short}`;
      return long > short
        ? undefined
        : `expected 4096 tokens to take longer than 64, got ${long} and ${short}`;
    },
  ),
  contract(
    'missing-input',
    'An input that is absent is MISSING_INPUT.',
    rejected('MISSING_INPUT', ({ q, k }) => ({ q, k })),
  ),
  contract(
    'unknown-input',
    'An input that the graph does not have is INVALID_ARGUMENT.',
    rejected('INVALID_ARGUMENT', (good) => ({ ...good, x: good.q })),
  ),
  contract(
    'wrong-shape',
    'An input of another shape is INVALID_SHAPE.',
    rejected('INVALID_SHAPE', (good) => ({ ...good, k: f32([1, 2, 4, 8], new Float32Array(64)) })),
  ),
  contract(
    'wrong-dtype',
    'An input of another dtype is INVALID_DTYPE.',
    rejected('INVALID_DTYPE', (good) => ({ ...good, v: i32([1, 2, 5, 8], new Int32Array(80)) })),
  ),
  contract(
    'index-out-of-range',
    'An id beyond the table is INVALID_ARGUMENT, not foreign memory.',
    async (backend) => {
      const builder = new GraphBuilder();
      const ids = builder.input('ids', { dtype: 'i32', shape: [3] });
      const graph = builder.build({
        out: builder.embedding(ids, builder.constant(f32([4, 2], new Float32Array(8)))),
      });
      const executable = await backend.compile(graph);
      const problem =
        (await rejects('INVALID_ARGUMENT', () => executable.run({ ids: i32([3], [0, 4, 1]) }))) ??
        (await rejects('INVALID_ARGUMENT', () => executable.run({ ids: i32([3], [0, -1, 1]) })));
      executable.dispose();
      return problem;
    },
  ),
  contract('strided-inputs', 'A view into a larger array gives what a copy of it gives.', async (backend) => {
    const graph = attentionGraph(or(slidingWindow({ before: 3, after: 3 }), globalTokens([0])), 70);
    const inputs = attentionInputs(70, 2);
    const views = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, asView(value)]));
    const executable = await backend.compile(graph);
    const outputs = await executable.run(views);
    executable.dispose();
    return differences('run on views', graph, inputs, outputs);
  }),
  contract('overlapping-runs', 'Runs that overlap do not disturb each other.', async (backend) => {
    const graph = attentionGraph(causal(), 130);
    const executable = await backend.compile(graph);
    const batches = [1, 2, 3, 4].map((seed) => attentionInputs(130, seed));
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
      const graph = attentionGraph(causal(), 20);
      const [one, two] = [await backend.compile(graph), await backend.compile(graph)];
      const inputs = attentionInputs(20, 5);
      const first = await one.run(inputs);
      one.dispose();
      const second = await two.run(inputs);
      two.dispose();
      return (
        differences('first executable', graph, inputs, first) ?? differences('second', graph, inputs, second)
      );
    },
  ),
  contract('same-run-same-bits', 'The same run twice gives the same bits.', async (backend) => {
    const executable = await backend.compile(attentionGraph(slidingWindow({ before: 20, after: 20 }), 300));
    const inputs = attentionInputs(300, 6);
    const [one, two] = [await executable.run(inputs), await executable.run(inputs)];
    executable.dispose();
    const isSame = Object.keys(one).every((name) =>
      one[name].data.every((value, i) => Object.is(value, two[name].data[i])),
    );
    return isSame ? undefined : 'the second run differs from the first';
  }),
  contract('disposed', 'A disposed executable rejects runs, and may be disposed again.', async (backend) => {
    const executable = await backend.compile(attentionGraph(full(), 5));
    await executable.run(attentionInputs(5, 1));
    executable.dispose();
    executable.dispose();
    return rejects('DISPOSED', () => executable.run(attentionInputs(5, 1)));
  }),
  contract(
    'aborted',
    'A run or a compilation that was aborted before it began rejects with ABORTED.',
    async (backend) => {
      const signal = AbortSignal.abort();
      const graph = attentionGraph(full(), 5);
      const executable = await backend.compile(graph);
      const problem =
        (await rejects('ABORTED', () => executable.run(attentionInputs(5, 1), { signal }))) ??
        (await rejects('ABORTED', () => backend.compile(graph, { signal })));
      const after = await executable.run(attentionInputs(5, 1));
      executable.dispose();
      return problem ?? differences('run after an aborted one', graph, attentionInputs(5, 1), after);
    },
  ),
  contract('progress', 'Progress grows and never exceeds its total.', async (backend) => {
    const executable = await backend.compile(attentionGraph(full(), 400));
    const reports: Progress[] = [];
    await executable.run(attentionInputs(400, 7), { onProgress: (progress) => void reports.push(progress) });
    executable.dispose();
    const isOrdered = reports.every(
      ({ done, total }, i) => done <= total && done >= (reports[i - 1]?.done ?? 0),
    );
    return isOrdered ? undefined : `expected progress to grow, got ${JSON.stringify(reports)}`;
  }),
];
