/** Promises about the content of state: it begins as zeros, is written in place, and is nobody else's. */
import { GraphBuilder, i32 } from '@attn/core';
import { copy, changes } from '../runner.ts';
import type { ContractCase } from './contract.ts';
import {
  ExpectedLog,
  INNER,
  logGraph,
  logInputs,
  logSpecs,
  numbers,
  OUTER,
  runOnce,
  stateContract,
  unequal,
} from './state.ts';

/** sum += x, and the old sum: reads a state before it writes it. */
function sumGraph(): ReturnType<GraphBuilder['build']> {
  const builder = new GraphBuilder();
  const sum = builder.state('sum', { dtype: 'f32', shape: [2, 3] });
  const next = builder.add(sum, builder.input('x', { dtype: 'f32', shape: [2, 3] }));
  const written = builder.writeRows(sum, next, builder.constant(i32([1], [0])));
  return builder.build({ flat: builder.reshape(written, [6]), next });
}

/** Reorders [[0], [1], …] and so on, with tensors of two shapes. */
const PAIR = {
  a: { dtype: 'f32', shape: [3, 2] },
  b: { dtype: 'i32', shape: [3] },
} as const;
const A = [0, 1, 10, 11, 20, 21];
const B = [7, 8, 9];

export const stateContentContract: readonly ContractCase[] = [
  stateContract(
    'append',
    'Graphs of a prompt and of a step append to one state in place, and it holds their rows one after another.',
    async (backend) => {
      const capacity = 8;
      await using state = await backend.createState(logSpecs(capacity));
      const [prompt, step] = [
        await backend.compile(logGraph(capacity, 3)),
        await backend.compile(logGraph(capacity, 1)),
      ];
      const expected = new ExpectedLog(capacity);
      let problem = expected.problem('a new state', await state.read('log'));
      const first = logInputs(0, 3, 1);
      const outputs = await prompt.run(first, { state });
      expected.write(0, first.rows);
      problem ??= expected.problem('output all of the prompt', outputs.all);
      const before = copy(outputs);
      for (let at = 3; at < capacity; at++) {
        const inputs = logInputs(at, 1, at);
        const { all } = await step.run(inputs, { state });
        problem ??= expected.write(at, inputs.rows).problem(`output all at ${at}`, all);
      }
      problem ??= expected.problem('the state', await state.read('log'));
      problem ??= changes('an output changed in a later run', before, outputs);
      prompt.dispose();
      step.dispose();
      return problem;
    },
  ),
  stateContract(
    'ring',
    'Rows that are written at the position modulo the capacity replace those that have left a window.',
    async (backend) => {
      await using state = await backend.createState(logSpecs(4));
      const step = await backend.compile(logGraph(4, 1));
      const expected = new ExpectedLog(4);
      for (let position = 0; position < 11; position++) {
        const inputs = logInputs(position % 4, 1, position);
        await step.run(inputs, { state });
        expected.write(position % 4, inputs.rows);
      }
      step.dispose();
      return expected.problem('the state', await state.read('log'));
    },
    () => logGraph(4, 1),
  ),
  stateContract(
    'read-before-write',
    'A graph reads the old content of a state and then replaces it; no output shares its memory.',
    async (backend) => {
      await using state = await backend.createState({ sum: { dtype: 'f32', shape: [2, 3] } });
      const add = await backend.compile(sumGraph());
      const sum = new Float32Array(6);
      let problem: string | undefined;
      for (let turn = 0; turn < 3; turn++) {
        const x = numbers([2, 3], turn);
        const { flat, next } = await add.run({ x }, { state });
        for (let i = 0; i < 6; i++) sum[i] += x.data[i];
        problem ??= unequal('output flat', flat.data, sum) ?? unequal('output next', next.data, sum);
        flat.data.fill(NaN);
        problem ??= unequal('the state', (await state.read('sum')).data, sum);
      }
      add.dispose();
      return problem;
    },
    sumGraph,
  ),
  stateContract(
    'read-and-write',
    'Tensors of a state are read as copies, and written from tensors that stay the caller’s.',
    async (backend) => {
      await using state = await backend.createState(logSpecs(4));
      const log = numbers([OUTER, 4, INNER], 1);
      const expected = new ExpectedLog(4, log.data.slice());
      await state.write('log', log);
      log.data.fill(NaN);
      const copied = await state.read('log');
      const problem = expected.problem('what was written', copied);
      copied.data.fill(NaN);
      const inputs = logInputs(1, 2, 2);
      const { all } = await runOnce(backend, logGraph(4, 2), inputs, state);
      return problem ?? expected.write(1, inputs.rows).problem('output all', all);
    },
  ),
  stateContract(
    'reorder',
    'Rows of all tensors, or of some, are put into another order: rows may repeat, become more or fewer.',
    async (backend) => {
      await using state = await backend.createState(PAIR);
      await state.write('a', { ...PAIR.a, data: Float32Array.from(A) });
      await state.write('b', { ...PAIR.b, data: Int32Array.from(B) });
      await state.reorder([2, 0, 0]);
      let problem =
        unequal('a', (await state.read('a')).data, [20, 21, 0, 1, 0, 1]) ??
        unequal('b', (await state.read('b')).data, [9, 7, 7]);
      await state.reorder([1, 0], ['a']);
      problem ??=
        unequal('a of two rows', (await state.read('a')).data, [0, 1, 20, 21]) ??
        unequal('b, which was not named', (await state.read('b')).data, [9, 7, 7]);
      await state.reorder(Int32Array.of(1, 1, 0, 1, 0), ['a']);
      problem ??= unequal(
        'a of five rows',
        (await state.read('a')).data,
        [20, 21, 20, 21, 0, 1, 20, 21, 0, 1],
      );
      const shapes = [state.specs.a.shape, state.specs.b.shape].join(';');
      return problem ?? (shapes === '5,2;3' ? undefined : `expected shapes 5,2;3, got ${shapes}`);
    },
  ),
  stateContract(
    'fork',
    'A fork has the same content, and neither sees what happens to the other.',
    async (backend) => {
      await using state = await backend.createState(logSpecs(4));
      const step = await backend.compile(logGraph(4, 1));
      const expected = new ExpectedLog(4);
      const inputs = [0, 1, 2].map((at) => logInputs(at, 1, at));
      await step.run(inputs[0], { state });
      const fork = await state.fork();
      const ofFork = expected.write(0, inputs[0].rows).fork();
      await step.run(inputs[1], { state });
      expected.write(1, inputs[1].rows);
      await step.run(inputs[2], { state: fork });
      ofFork.write(2, inputs[2].rows);
      const problem =
        expected.problem('the state', await state.read('log')) ??
        ofFork.problem('its fork', await fork.read('log'));
      await fork.dispose();
      step.dispose();
      return problem ?? expected.problem('the state, without its fork', await state.read('log'));
    },
  ),
  stateContract(
    'resize',
    'A larger tensor keeps its content where it was, with zeros behind, and graphs of its shape go on.',
    async (backend) => {
      await using state = await backend.createState(logSpecs(2));
      const [first, second] = [logInputs(0, 2, 1), logInputs(2, 2, 2)];
      await runOnce(backend, logGraph(2, 2), first, state);
      await state.resize('log', [OUTER, 5, INNER]);
      const expected = new ExpectedLog(5).write(0, first.rows);
      const problem = expected.problem('the larger state', await state.read('log'));
      const { all } = await runOnce(backend, logGraph(5, 2), second, state);
      return problem ?? expected.write(2, second.rows).problem('output all', all);
    },
  ),
];
