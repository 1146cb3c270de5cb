/** States that break one promise each, and the case that must notice. The good ones pass all. */
import { AttnError, type Backend, type State, type Tensor } from '@attn/core';
import { withHostState, type Executable } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { faults } from '../faults/index.testing.ts';
import { referenceBackend } from '../reference-backend.ts';
import { contractCases } from './index.ts';

/** The reference, with state that core keeps, whose states are changed after their birth. */
function broken(change: (state: State) => Partial<State> | Promise<Partial<State>>): Backend {
  const good = withHostState(referenceBackend());
  return {
    ...good,
    createState: async (specs) => {
      const state = await good.createState?.(specs);
      if (state === undefined) throw new Error('core keeps state for every backend');
      return Object.assign(state, await change(state));
    },
  };
}

/** The reference, with state that core keeps, and with changed runs. */
function running(change: (run: Executable['run']) => Executable['run']): Backend {
  const good = withHostState(referenceBackend());
  return {
    ...good,
    compile: async (graph, options) => {
      const executable = await good.compile(graph, options);
      const changed = change((...args) => executable.run(...args));
      return { run: changed, dispose: () => executable.dispose() };
    },
  };
}

const check = (name: string, backend: Backend): Promise<string | undefined> | undefined =>
  contractCases.find(({ id }) => id === `contract:state-${name}`)?.check(backend, () => backend);

const FAULTS: readonly (readonly [what: string, name: string, make: () => Backend, problem: string])[] = [
  [
    'memory that is not zero at first',
    'append',
    () =>
      broken(async (state) => {
        const { log } = state.specs;
        await state.write('log', { ...log, data: new Float32Array(48).fill(1) });
        return {};
      }),
    'a new state: [0] must be 0, got 1',
  ],
  [
    'runs that write into a copy',
    'append',
    () => running((run) => async (inputs, options) => run(inputs, { state: await options?.state?.fork() })),
    'output all at 3',
  ],
  [
    'runs that are called and not begun',
    'turns',
    () =>
      running((run) => async (inputs, options) => {
        await new Promise((resolve) => setTimeout(resolve));
        return run(inputs, options);
      }),
    'must be',
  ],
  [
    'a fork that is the state itself',
    'fork',
    () => broken((state) => ({ fork: async () => state })),
    'the state: ',
  ],
  [
    'rows that are reordered one after another, in place',
    'reorder',
    () =>
      broken((state) => {
        const reorder = state.reorder.bind(state);
        return {
          reorder: async (rows, names) =>
            reorder(
              Array.from(rows, (row, i) => (row < i ? rows[row] : row)),
              names,
            ),
        };
      }),
    'a: [2] must be',
  ],
  [
    'an order that all tensors get',
    'reorder',
    () =>
      broken((state) => {
        const reorder = state.reorder.bind(state);
        return { reorder: (rows) => reorder(rows) };
      }),
    'b, which was not named',
  ],
  [
    'a larger tensor whose content is moved to its front',
    'resize',
    () =>
      broken((state) => {
        const resize = state.resize.bind(state);
        return {
          resize: async (name, shape) => {
            const { dtype, data } = await state.read(name);
            await resize(name, shape);
            const larger = await state.read(name);
            larger.data.fill(0);
            larger.data.set(data);
            await state.write(name, { dtype, shape, data: larger.data });
          },
        };
      }),
    'the larger state',
  ],
  [
    'a tensor that is written later than at its turn',
    'read-and-write',
    () =>
      broken((state) => {
        const stored = { read: state.read.bind(state), write: state.write.bind(state) };
        let late: Tensor | undefined;
        return {
          write: async (_name, tensor) => void (late = tensor),
          read: async (name) => {
            if (late !== undefined) await stored.write(name, late);
            return stored.read(name);
          },
        };
      }),
    'what was written',
  ],
  [
    'aborted runs that leave nothing of the state',
    'aborted',
    () =>
      running(
        (run) => (inputs, options) =>
          run(inputs, options).catch(async (error: unknown) => {
            if (error instanceof AttnError && error.code === 'ABORTED')
              await options?.state?.write('log', ZEROS);
            throw error;
          }),
      ),
    'output all',
  ],
  [
    'a run that makes do with anything',
    'wrong',
    () => running((run) => (inputs, options) => run(inputs, options).catch(() => ({}))),
    'no state: expected MISSING_INPUT, got a result',
  ],
  [
    'a state that cannot end',
    'disposed',
    () => broken(() => ({ dispose: async () => {} })),
    'a run: expected DISPOSED',
  ],
  [
    'a backend that leaves its states',
    'backend-disposed',
    () => ({ ...withHostState(referenceBackend()), dispose: async () => {} }),
    'read: expected DISPOSED',
  ],
];

const ZEROS: Tensor = { dtype: 'f32', shape: [2, 4, 3], data: new Float32Array(24) };

describe('every broken promise is noticed', () => {
  test.each(FAULTS)('%s', async (_what, name, make, problem) => {
    expect(await check(name, make())).toContain(problem);
  });

  test('attention that sees what the bias hides', async () => {
    const { make } = faults.find(({ name }) => name === 'ignores the bias') ?? faults[0];
    expect(await check('attention', referenceBackend(make()))).toContain('step 0');
    expect(await check('attention-window', referenceBackend(make()))).toContain('step 0');
  });
});

test('the reference keeps all promises, by core’s state', async () => {
  const names = contractCases.filter(({ id }) => id.startsWith('contract:state-'));
  expect(names).toHaveLength(14);
  for (const { id, check: holds } of names)
    expect(await holds(referenceBackend(), referenceBackend), id).toBeUndefined();
});
