/** States of an `Attn`: where they live, and what runs with them. */
import { describe, expect, test } from 'vitest';
import { AttnError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { f32, i32 } from '../tensor.ts';
import { createAttn } from './create-attn.ts';
import { fakeBackend, fails, type FakeOptions } from './fake-backend.testing.ts';

const LOG = { log: { dtype: 'f32', shape: [3, 1] } } as const;

/** Writes a row into the log, after `relu` as often as told. */
function logGraph(relus = 0) {
  const builder = new GraphBuilder();
  let row = builder.input('row', { dtype: 'f32', shape: [1, 1] });
  for (let i = 0; i < relus; i++) row = builder.relu(row);
  const at = builder.input('at', { dtype: 'i32', shape: [1] });
  return builder.build({ all: builder.writeRows(builder.state('log', LOG.log), row, at) });
}

const step = logGraph();
const inputs = (at: number, value: number) => ({ row: f32([1, 1], [value]), at: i32([1], [at]) });
const keeping = (name: string, options: FakeOptions = {}) =>
  fakeBackend(name, { keepsState: true, ...options });

const numbersOf = ({ data }: { readonly data: ArrayLike<number> }) => Array.from(data);

describe('createState', () => {
  test('chooses the backend as compile does, and binds runs to it', async () => {
    const [slow, fast] = [keeping('slow', { milliseconds: 9 }), keeping('fast')];
    await using attn = await createAttn({ backends: [slow, fast] });
    await using state = await attn.createState(step);
    await using other = await attn.createState(step, { backend: 'slow' });
    expect([state.backend, other.backend]).toEqual(['fast', 'slow']);
    await attn.run(step, inputs(0, 1), { state: other });
    const { all } = await attn.run(step, inputs(1, 2), { state: other });
    expect(numbersOf(all)).toEqual([1, 2, 0]);
    expect([slow.counts.ran, fast.counts.ran]).toEqual([2, 0]);
    expect(numbersOf(await state.read('log'))).toEqual([0, 0, 0]);
  });

  test('of specs takes the first backend that is there; several graphs share the state', async () => {
    const absent = keeping('absent', { probe: async () => ({ available: false, reason: 'no beads' }) });
    await using attn = await createAttn({
      backends: [absent, keeping('slow', { milliseconds: 9 }), keeping('fast')],
    });
    await using state = await attn.createState({ ...LOG, more: { dtype: 'i32', shape: [2] } });
    expect(state.backend).toBe('slow');
    await attn.run(logGraph(1), inputs(0, 4), { state });
    await using compiled = await attn.compile(step, { backend: 'slow' });
    expect(numbersOf((await compiled.run(inputs(2, 5), { state })).all)).toEqual([4, 0, 5]);
    expect(await attn.createState(LOG, { backend: 'absent' }).catch((error: unknown) => error)).toMatchObject(
      {
        code: 'BACKEND_UNAVAILABLE',
      },
    );
  });

  test('goes on with the next backend when one has no memory, but runs never leave the state’s', async () => {
    const full = keeping('full');
    full.createState = fails('OUT_OF_MEMORY');
    const breaking = keeping('breaking', { milliseconds: 2, onRun: fails('DEVICE_LOST') });
    await using attn = await createAttn({ backends: [full, breaking, keeping('last', { milliseconds: 3 })] });
    await using state = await attn.createState(step);
    expect(state.backend).toBe('breaking');
    await expect(attn.run(step, inputs(0, 1), { state })).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    await using compiled = await attn.compile(step, { backend: 'breaking' });
    await expect(compiled.run(inputs(0, 1), { state })).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  });

  test('refuses what has no state, and what is aborted', async () => {
    await using attn = await createAttn({ backends: [keeping('one')] });
    const builder = new GraphBuilder();
    const stateless = builder.build({ y: builder.relu(builder.input('x', LOG.log)) });
    const signal = AbortSignal.abort();
    await expect(attn.createState(stateless)).rejects.toMatchObject({ code: 'INVALID_GRAPH' });
    await expect(attn.createState(step, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await attn.dispose();
    await expect(attn.createState(LOG)).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});

describe('a run with a state', () => {
  test('must be on its backend, and of its Attn', async () => {
    await using attn = await createAttn({ backends: [keeping('one'), keeping('two')] });
    await using other = await createAttn({ backends: [keeping('one')] });
    await using state = await attn.createState(step);
    await using foreign = await other.createState(step);
    await using compiled = await attn.compile(step, { backend: 'two' });
    const elsewhere = 'the state lives on one, and the run must be there, got two';
    for (const run of [
      () => attn.run(step, inputs(0, 1), { state, backend: 'two' }),
      () => compiled.run(inputs(0, 1), { state }),
    ]) {
      await expect(run()).rejects.toThrow(elsewhere);
    }
    await expect(attn.run(step, inputs(0, 1), { state: foreign })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('state must be one that createState of this Attn made'),
    });
    await expect(attn.run(step, inputs(0, 1))).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  });

  test('comes in the order of the calls, though one compiles and another does not', async () => {
    let compiling = () => {};
    const compiled = new Promise<void>((resolve) => (compiling = resolve));
    const backend = keeping('one', { onCompile: ({ nodes }) => (nodes.length > 1 ? compiled : undefined) });
    await using attn = await createAttn({ backends: [backend] });
    await using state = await attn.createState(step);
    await attn.run(step, inputs(0, 0), { state });
    const first = attn.run(logGraph(2), inputs(0, 1), { state });
    const second = attn.run(step, inputs(0, 2), { state });
    const reading = state.read('log');
    const forking = state.fork();
    const third = attn.run(step, inputs(1, 3), { state });
    compiling();
    const ran = await Promise.all([first, second, third]);
    expect(ran.map(({ all }) => numbersOf(all))).toEqual([
      [1, 0, 0],
      [2, 0, 0],
      [2, 3, 0],
    ]);
    expect(numbersOf(await reading)).toEqual([2, 0, 0]);
    await using fork = await forking;
    expect([fork.backend, numbersOf(await fork.read('log'))]).toEqual(['one', [2, 0, 0]]);
  });

  test('that waits for its turn can be aborted', async () => {
    await using attn = await createAttn({ backends: [keeping('one')] });
    await using state = await attn.createState(step);
    const controller = new AbortController();
    const first = attn.run(step, inputs(0, 1), { state });
    const second = attn.run(step, inputs(0, 2), { state, signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    await first;
    expect(numbersOf(await state.read('log'))).toEqual([1, 0, 0]);
  });

  test('ends before its Attn does', async () => {
    const backend = keeping('one');
    const attn = await createAttn({ backends: [backend] });
    const state = await attn.createState(step);
    await attn.run(step, inputs(0, 1), { state });
    const run = attn.run(step, inputs(1, 2), { state }).catch((error: unknown) => error);
    await attn.dispose();
    const ended = await run;
    expect(ended instanceof AttnError ? ended.code : 'a result').toMatch(/DISPOSED|a result/);
    await expect(state.read('log')).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});

describe('a backend that keeps no state', () => {
  test('runs with one all the same, and says that it is slower', async () => {
    await using attn = await createAttn({
      backends: [fakeBackend('plain'), keeping('keeps', { milliseconds: 9 })],
    });
    await using state = await attn.createState(step, { backend: 'plain' });
    await attn.run(step, inputs(0, 1), { state });
    const outputs = await attn.run(step, inputs(2, 3), { state });
    expect(Object.keys(outputs)).toEqual(['all']);
    expect(numbersOf(outputs.all)).toEqual([1, 0, 3]);
    const [plain, keeps] = attn.explain(step);
    expect(plain).toMatchObject({
      usable: true,
      reason: 'it keeps no state between runs: each run copies it in and out',
    });
    expect(keeps.reason).toBeUndefined();
    await using compiled = await attn.compile(step, { backend: 'plain' });
    expect(numbersOf((await compiled.run(inputs(1, 2), { state })).all)).toEqual([1, 2, 3]);
  });

  test('costs the copies, so that a backend that keeps it may be chosen', async () => {
    const builder = new GraphBuilder();
    const cache = builder.state('cache', { dtype: 'f32', shape: [2_000_000] });
    const graph = builder.build({ y: builder.reduce(cache, 0, 'sum') });
    await using attn = await createAttn({
      backends: [fakeBackend('plain'), keeping('keeps', { milliseconds: 5 })],
    });
    const [plain, keeps] = attn.explain(graph);
    expect(plain.predictedMs).toBe(1 + 8);
    expect(keeps.chosen).toBe(true);
  });

  test('keeps the old content when a run fails', async () => {
    let fail = false;
    const backend = fakeBackend('plain', { onRun: () => void (fail && fails('RUN_FAILED')()) });
    await using attn = await createAttn({ backends: [backend] });
    await using state = await attn.createState(step);
    await attn.run(step, inputs(0, 1), { state });
    fail = true;
    await expect(attn.run(step, inputs(0, 2), { state })).rejects.toMatchObject({ code: 'RUN_FAILED' });
    fail = false;
    expect(numbersOf((await attn.run(step, inputs(1, 3), { state })).all)).toEqual([1, 3, 0]);
  });
});
