/** Promises about the course of work on a state: turns, aborts, wrong arguments, ends. */
import { AttnError, GraphBuilder, i32, type Graph, type Tensors } from '@attn/core';
import type { ContractCase } from './contract.ts';
import {
  allReject,
  ExpectedLog,
  INNER,
  logGraph,
  logInputs,
  logSpecs,
  numbers,
  OUTER,
  stateContract,
} from './state.ts';

const WIDE = [64, 2048];
const TIMES = 16;

/** Hyperbolic tangents that take a while, between two writes to a state. */
function slowGraph(): Graph {
  const builder = new GraphBuilder();
  const rows = builder.input('rows', { dtype: 'f32', shape: [OUTER, 1, INNER] });
  const at = builder.input('at', { dtype: 'i32', shape: [1] });
  const log = builder.writeRows(builder.state('log', logSpecs(4).log), rows, at, 1);
  let x = builder.input('x', { dtype: 'f32', shape: WIDE });
  for (let time = 0; time < TIMES; time++) x = builder.tanh(x);
  const last = builder.reshape(builder.slice(x, [0, 0], [OUTER, INNER]), [OUTER, 1, INNER]);
  return builder.build({ all: builder.writeRows(log, last, builder.input('next', at), 1) });
}

function slowInputs(): Tensors {
  return { ...logInputs(1, 1, 4), x: numbers(WIDE, 3), next: i32([1], [2]) };
}

export const stateCourseContract: readonly ContractCase[] = [
  stateContract(
    'turns',
    'Runs and methods that overlap take turns in the order of their calls.',
    async (backend) => {
      await using state = await backend.createState(logSpecs(4));
      const step = await backend.compile(logGraph(4, 1));
      const inputs = [0, 1, 1].map((at, seed) => logInputs(at, 1, seed + 1));
      const [first, second, between, fork, third] = await Promise.all([
        step.run(inputs[0], { state }),
        step.run(inputs[1], { state }),
        state.read('log'),
        state.fork(),
        step.run(inputs[2], { state }),
      ]);
      const expected = new ExpectedLog(4).write(0, inputs[0].rows);
      let problem = expected.problem('output all of the first run', first.all);
      expected.write(1, inputs[1].rows);
      problem ??= expected.problem('output all of the second run', second.all);
      problem ??= expected.problem('what was read after it', between);
      problem ??= expected.problem('the fork after it', await fork.read('log'));
      problem ??= expected.write(1, inputs[2].rows).problem('output all of the third run', third.all);
      await fork.dispose();
      step.dispose();
      return problem;
    },
  ),
  stateContract(
    'aborted',
    'After a run that was aborted, before or amid its work, the same run on the same state gives what it would have given.',
    async (backend) => {
      await using state = await backend.createState(logSpecs(4));
      const slow = await backend.compile(slowGraph());
      const other = logInputs(0, 1, 9);
      const step = await backend.compile(logGraph(4, 1));
      await step.run(other, { state });
      await using undisturbed = await state.fork();
      const expected = await slow.run(slowInputs(), { state: undisturbed });
      let problem: string | undefined;
      for (const turns of [0, 1, 3]) {
        const controller = new AbortController();
        if (turns === 0) controller.abort();
        const run = slow.run(slowInputs(), { state, signal: controller.signal }).catch((error: unknown) => {
          if (!(error instanceof AttnError) || error.code !== 'ABORTED')
            problem ??= `expected ABORTED, got ${error}`;
        });
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve));
        controller.abort();
        await run;
      }
      const { data } = (await slow.run(slowInputs(), { state })).all;
      problem ??= new ExpectedLog(4, Float32Array.from(expected.all.data)).problem('output all', {
        ...expected.all,
        data,
      });
      slow.dispose();
      step.dispose();
      return problem;
    },
    slowGraph,
  ),
  stateContract(
    'wrong',
    'A run without its state, on another’s, or on tensors of other names, dtypes and shapes is refused, and so are rows out of range.',
    async (backend, make) => {
      await using state = await backend.createState(logSpecs(4));
      const step = await backend.compile(logGraph(4, 1));
      const inputs = logInputs(0, 1, 1);
      await step.run(inputs, { state });
      const otherBackend = await make();
      const foreign = await otherBackend.createState(logSpecs(4));
      await using nameless = await backend.createState({ lag: logSpecs(4).log });
      await using longer = await backend.createState(logSpecs(5));
      await using integers = await backend.createState({ log: { dtype: 'i32', shape: [OUTER, 4, INNER] } });
      const problem = await allReject([
        ['MISSING_INPUT', 'no state', () => step.run(inputs)],
        ['INVALID_ARGUMENT', 'a state of another backend', () => step.run(inputs, { state: foreign })],
        ['MISSING_INPUT', 'a state of another name', () => step.run(inputs, { state: nameless })],
        ['INVALID_SHAPE', 'a state of another shape', () => step.run(inputs, { state: longer })],
        ['INVALID_DTYPE', 'a state of another dtype', () => step.run(inputs, { state: integers })],
        ['INVALID_ARGUMENT', 'a row behind the last', () => step.run(logInputs(4, 1, 2), { state })],
        ['INVALID_ARGUMENT', 'a row before the first', () => step.run(logInputs(-1, 1, 2), { state })],
        ['INVALID_ARGUMENT', 'an unknown name', () => state.read('lag')],
        ['INVALID_SHAPE', 'a tensor of another shape', () => state.write('log', inputs.rows)],
        [
          'INVALID_DTYPE',
          'a tensor of another dtype',
          async () => state.write('log', await integers.read('log')),
        ],
        ['INVALID_ARGUMENT', 'a row that is none', () => state.reorder([0, OUTER])],
        ['INVALID_SHAPE', 'a smaller shape', () => state.resize('log', [OUTER, 3, INNER])],
        ['INVALID_SHAPE', 'a shape of another rank', () => state.resize('log', [OUTER, 4, INNER, 1])],
        ['INVALID_ARGUMENT', 'no specs', () => backend.createState({})],
        [
          'INVALID_SHAPE',
          'an impossible shape',
          () => backend.createState({ a: { dtype: 'f32', shape: [-1] } }),
        ],
      ]);
      const expected = new ExpectedLog(4).write(0, inputs.rows);
      const changed = expected.problem('the state, after refusals', await state.read('log'));
      await otherBackend.dispose();
      step.dispose();
      return problem ?? changed;
    },
  ),
  stateContract(
    'disposed',
    'A disposed state refuses work, and may be disposed again; work that was called before still ends.',
    async (backend) => {
      const state = await backend.createState(logSpecs(4));
      const fork = await state.fork();
      const step = await backend.compile(logGraph(4, 1));
      const inputs = logInputs(0, 1, 1);
      const run = step.run(inputs, { state });
      const ending = state.dispose();
      let problem = new ExpectedLog(4).write(0, inputs.rows).problem('output all', (await run).all);
      await ending;
      await state.dispose();
      problem ??= await allReject([
        ['DISPOSED', 'a run', () => step.run(inputs, { state })],
        ['DISPOSED', 'read', () => state.read('log')],
        ['DISPOSED', 'write', async () => state.write('log', await fork.read('log'))],
        ['DISPOSED', 'reorder', () => state.reorder([0, 1])],
        ['DISPOSED', 'fork', () => state.fork()],
        ['DISPOSED', 'resize', () => state.resize('log', [OUTER, 5, INNER])],
      ]);
      problem ??= new ExpectedLog(4).problem('its fork', await fork.read('log'));
      await fork.dispose();
      step.dispose();
      return problem;
    },
  ),
  stateContract('backend-disposed', 'States end with their backend.', async (_, make) => {
    const backend = await make();
    const state = await backend.createState(logSpecs(4));
    const step = await backend.compile(logGraph(4, 1));
    await step.run(logInputs(0, 1, 1), { state });
    await backend.dispose();
    return allReject([
      ['DISPOSED', 'read', () => state.read('log')],
      ['DISPOSED', 'fork', () => state.fork()],
      ['DISPOSED', 'createState', () => backend.createState(logSpecs(4))],
    ]);
  }),
];
