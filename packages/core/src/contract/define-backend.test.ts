import { describe, expect, test, vi } from 'vitest';
import type { Executable, Probe } from './backend.ts';
import { defineBackend, type BackendParts, type CompileContext, type FixedSpeed } from './define-backend.ts';
import { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Json } from '../util/json-value.ts';
import { PlanCache } from '../plan/plan-cache.ts';
import { attention } from '../calls/attention.ts';
import { f32 } from '../tensor.ts';

const q = f32([1, 1, 2, 2], [1, 2, 3, 4]);
const graph = attention({ q, k: q, v: q }).graph;
const available: Probe = { available: true, summary: 'an abacus', features: { fingers: 10 } };

/** An executable that counts how often it is disposed. */
function counted(): Executable & { disposed: number } {
  const executable = {
    disposed: 0,
    run: async () => ({}),
    dispose: () => void (executable.disposed += 1),
  };
  return executable;
}

/** An abacus with other parts. */
function abacus(parts: Partial<BackendParts<Executable> & FixedSpeed> = {}) {
  return defineBackend('abacus', {
    probe: () => available,
    supports: () => true,
    estimate: () => 1,
    compile: counted,
    ...parts,
  });
}

/** A promise, and the functions that settle it. */
function deferred<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('probe', () => {
  test('looks once, and again when it is told to', async () => {
    const probe = vi.fn(() => available);
    const backend = abacus({ probe });
    expect(await Promise.all([backend.probe(), backend.probe()])).toEqual([available, available]);
    expect(probe).toHaveBeenCalledTimes(1);
    await backend.probe({ again: true });
    expect(probe).toHaveBeenCalledTimes(2);
  });

  test.each([
    [new AttnError('BACKEND_UNAVAILABLE', 'abacus/probe', 'the beads are gone'), 'the beads are gone'],
    [new Error('no wood'), 'it could not be started: Error: no wood'],
  ])('never throws: %s', async (error, reason) => {
    const fail = () => {
      throw error;
    };
    expect(await abacus({ probe: fail }).probe()).toEqual({ available: false, reason });
    expect(await abacus({ probe: async () => fail() }).probe()).toEqual({ available: false, reason });
  });

  test('starts nothing of a disposed backend', async () => {
    const probe = vi.fn(() => available);
    const backend = abacus({ probe });
    await backend.dispose();
    expect(await backend.probe()).toEqual({ available: false, reason: 'the backend has been disposed' });
    expect(probe).not.toHaveBeenCalled();
  });

  test('refuses options that nobody knows', async () => {
    await expect(abacus().probe({ agian: true } as object)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('[attn/abacus] probe'),
    });
  });
});

describe('compile', () => {
  test('hands on the graph, the signal and the plans: the caller’s, or its own', async () => {
    const compile = vi.fn<(graph: Graph, context: CompileContext) => Executable>(counted);
    const backend = abacus({ compile });
    const plans = new PlanCache();
    const { signal } = new AbortController();
    await backend.compile(graph, { plans, signal });
    expect(compile).toHaveBeenLastCalledWith(graph, { plans, signal });
    await backend.compile(graph);
    await backend.compile(graph);
    const [, [, second], [, third]] = compile.mock.calls;
    expect(second.plans).toBeInstanceOf(PlanCache);
    expect(second.plans).not.toBe(plans);
    expect(third.plans).toBe(second.plans);
  });

  test('gives the very executable, with its type', async () => {
    const executable = { ...counted(), shake: () => 'rattle' };
    const backend = defineBackend('abacus', {
      probe: () => available,
      supports: () => true,
      estimate: () => 1,
      compile: () => executable,
    });
    const compiled = await backend.compile(graph);
    expect(compiled).toBe(executable);
    expect(compiled.shake()).toBe('rattle');
  });

  test('refuses before any work, and says where', async () => {
    const compile = vi.fn(counted);
    const probe = vi.fn(() => available);
    const backend = abacus({ compile, probe });
    await expect(backend.compile({} as Graph)).rejects.toMatchObject({ code: 'INVALID_GRAPH' });
    await expect(backend.compile(graph, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await expect(backend.compile(graph, { plan: 1 } as object)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(probe).not.toHaveBeenCalled();
    await backend.dispose();
    await expect(backend.compile(graph)).rejects.toMatchObject({
      code: 'DISPOSED',
      message: '[attn/abacus] compile: the backend has been disposed',
    });
    expect(compile).not.toHaveBeenCalled();
  });

  test('refuses a machine that lacks something, and a graph that is not supported, with the reason', async () => {
    const compile = vi.fn(counted);
    const lacking = abacus({ compile, probe: () => ({ available: false, reason: 'no fingers' }) });
    await expect(lacking.compile(graph)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: '[attn/abacus] compile: no fingers',
    });
    await expect(abacus({ compile, supports: () => 'too hard' }).compile(graph)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: '[attn/abacus] compile: attention: too hard',
    });
    expect(compile).not.toHaveBeenCalled();
  });

  test.each(['ABORTED', 'DISPOSED'] as const)('%s while it probes', async (code) => {
    const looking = deferred<Probe>();
    const compile = vi.fn(counted);
    const backend = abacus({ compile, probe: () => looking.promise });
    const controller = new AbortController();
    const failed = expect(backend.compile(graph, { signal: controller.signal })).rejects.toMatchObject({
      code,
    });
    if (code === 'ABORTED') controller.abort();
    else await backend.dispose();
    looking.resolve(available);
    await failed;
    expect(compile).not.toHaveBeenCalled();
  });

  test.each(['ABORTED', 'DISPOSED'] as const)(
    '%s while it compiles: the executable is disposed',
    async (code) => {
      const working = deferred<Executable>();
      const executable = counted();
      const begun = deferred<undefined>();
      const backend = abacus({
        compile() {
          begun.resolve(undefined);
          return working.promise;
        },
      });
      const controller = new AbortController();
      const failed = expect(backend.compile(graph, { signal: controller.signal })).rejects.toMatchObject({
        code,
      });
      await begun.promise;
      if (code === 'ABORTED') controller.abort();
      else await backend.dispose();
      working.resolve(executable);
      await failed;
      expect(executable.disposed).toBe(1);
    },
  );

  test('an error that came with a disposal is DISPOSED, any other is itself', async () => {
    const error = new AttnError('COMPILE_FAILED', 'abacus/compile', 'a bead is stuck');
    const working = deferred<Executable>();
    const begun = deferred<undefined>();
    const backend = abacus({
      compile() {
        begun.resolve(undefined);
        return working.promise;
      },
    });
    const failed = expect(backend.compile(graph)).rejects.toMatchObject({ code: 'DISPOSED', cause: error });
    await begun.promise;
    await backend.dispose();
    working.reject(error);
    await failed;
    await expect(abacus({ compile: () => Promise.reject(error) }).compile(graph)).rejects.toBe(error);
  });
});

describe('speed', () => {
  interface Pace {
    readonly rate: number;
  }
  /** A backend that measures a rate of 4, and estimates by its rate. */
  function paced(probe: () => Probe = () => available) {
    const measure = vi.fn((): Pace => ({ rate: 4 }));
    const backend = defineBackend('abacus', {
      probe,
      supports: () => true,
      compile: counted,
      speed: {
        initial: (): Pace => ({ rate: 1 }),
        parse: (stored: Json | undefined): Pace | undefined =>
          typeof stored === 'object' && stored !== null && 'rate' in stored && typeof stored.rate === 'number'
            ? { rate: stored.rate }
            : undefined,
        measure,
      },
      estimate: (_graph, _plans, { rate }) => rate,
    });
    return { backend, measure };
  }

  test('is assumed, then measured', async () => {
    const { backend } = paced();
    expect(backend.estimate(graph)).toBe(1);
    expect(await backend.calibrate?.()).toEqual({ rate: 4 });
    expect(backend.estimate(graph)).toBe(4);
  });

  test('is taken from an earlier measurement, and measured instead of what is none', async () => {
    const { backend, measure } = paced();
    expect(await backend.calibrate?.({ rate: 7 })).toEqual({ rate: 7 });
    expect(backend.estimate(graph)).toBe(7);
    expect(measure).not.toHaveBeenCalled();
    expect(await backend.calibrate?.('fast')).toEqual({ rate: 4 });
  });

  test('stays as it was when measuring fails', async () => {
    const { backend, measure } = paced();
    await backend.calibrate?.({ rate: 7 });
    measure.mockImplementation(() => {
      throw new AttnError('INTERNAL', 'abacus/calibrate', 'the clock stands still');
    });
    await expect(backend.calibrate?.()).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(backend.estimate(graph)).toBe(7);
  });

  test('is kept while the machine is the same, and not believed of another', async () => {
    let fingers = 10;
    const { backend } = paced(() => ({ available: true, summary: 'an abacus', features: { fingers } }));
    await backend.probe();
    await backend.calibrate?.();
    await backend.probe({ again: true });
    expect(backend.estimate(graph)).toBe(4);
    fingers = 8;
    await backend.probe({ again: true });
    expect(backend.estimate(graph)).toBe(1);
  });

  test('is not measured where there is nothing to measure', async () => {
    const { backend, measure } = paced(() => ({ available: false, reason: 'no fingers' }));
    await expect(backend.calibrate?.()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    expect(measure).not.toHaveBeenCalled();
    expect(abacus()).not.toHaveProperty('calibrate');
  });
});

test('estimate refuses what is no graph', () => {
  expect(() => abacus().estimate({} as Graph)).toThrow('[attn/abacus] estimate');
});

test('dispose ends once, and whoever calls it waits for the end', async () => {
  const ended = deferred<void>();
  const dispose = vi.fn(() => ended.promise);
  const backend = abacus({ dispose });
  const first = backend.dispose();
  const second = backend.dispose().then(() => 'over');
  expect(await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 5, 'waiting'))])).toBe(
    'waiting',
  );
  ended.resolve();
  await first;
  expect(await second).toBe('over');
  expect(dispose).toHaveBeenCalledTimes(1);
});
