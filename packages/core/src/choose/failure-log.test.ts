import { describe, expect, test } from 'vitest';
import { AttnError, type AttnErrorCode } from '../errors.ts';
import { f32 } from '../tensor.ts';
import { createAttn } from '../run/create-attn.ts';
import { fails, fakeBackend } from '../run/fake-backend.testing.ts';
import { FailureLog, isRecoverable } from './failure-log.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const call = { q, k: q, v: q };
const other = { ...call, scale: 2 };

/** A fast backend whose runs fail while `code` is set, and a slow one. */
async function unreliable(first: AttnErrorCode) {
  const state: { code: AttnErrorCode | undefined } = { code: first };
  const fast = fakeBackend('fast', { onRun: () => state.code && fails(state.code)() });
  const attn = await createAttn({ backends: [fast, fakeBackend('slow', { milliseconds: 5 })] });
  return { state, fast, attn };
}

describe('a backend that was lost three times in a row', () => {
  test('comes last, for every graph, and says why', async () => {
    const { fast, attn } = await unreliable('DEVICE_LOST');
    for (let i = 0; i < 5; i++) expect((await attn.attention(call)).backend).toBe('slow');
    expect((await attn.attention(other)).backend).toBe('slow');
    expect(fast.counts.ran).toBe(3);
    expect(attn.explain()).toMatchObject([
      {
        backend: 'fast',
        usable: true,
        reason:
          'comes last after 3 failures in a row, the last with DEVICE_LOST: [attn/fake] run: told to fail',
        chosen: false,
      },
      { backend: 'slow', usable: true, reason: undefined, chosen: true },
    ]);
  });

  test('is as good as others after a success', async () => {
    const { state, attn } = await unreliable('WORKER_DIED');
    for (let i = 0; i < 3; i++) await attn.attention(call);
    state.code = undefined;
    expect((await attn.attention(call)).backend).toBe('slow');
    expect((await attn.attention(call, { backend: 'fast' })).backend).toBe('fast');
    expect((await attn.attention(call)).backend).toBe('fast');
    expect(attn.explain().map(({ reason }) => reason)).toEqual([undefined, undefined]);
  });

  test('is as good as others when it is probed again', async () => {
    const { state, attn } = await unreliable('DEVICE_LOST');
    for (let i = 0; i < 3; i++) await attn.attention(call);
    state.code = undefined;
    await attn.reprobe();
    expect((await attn.attention(call)).backend).toBe('fast');
  });

  test('has lost all of its executables, at the first time', async () => {
    const { state, fast, attn } = await unreliable('DEVICE_LOST');
    state.code = undefined;
    await attn.attention(call);
    await attn.attention(other);
    state.code = 'DEVICE_LOST';
    await attn.attention(call);
    state.code = undefined;
    await attn.attention(other);
    expect(fast.counts).toMatchObject({ compiled: 3, disposed: 2 });
  });
});

describe('a backend on which one graph failed three times in a row', () => {
  test.each<AttnErrorCode>(['OUT_OF_MEMORY', 'COMPILE_FAILED', 'TIMEOUT'])(
    'with %s comes last for that graph only',
    async (code) => {
      const { state, fast, attn } = await unreliable(code);
      for (let i = 0; i < 4; i++) expect((await attn.attention(call)).backend).toBe('slow');
      expect(fast.counts.ran).toBe(3);
      state.code = undefined;
      expect((await attn.attention(other)).backend).toBe('fast');
      expect((await attn.attention(call)).backend).toBe('slow');
    },
  );
});

test('reprobe sees what the machine has now', async () => {
  let available = false;
  const late = fakeBackend('late', {
    probe: async ({ again = false } = {}) =>
      // As a backend does that caches its probe.
      available && again
        ? { available: true, summary: 'plugged in', features: {} }
        : { available: false, reason: 'not plugged in' },
  });
  const attn = await createAttn({ backends: [late, fakeBackend('slow', { milliseconds: 5 })] });
  expect((await attn.attention(call)).backend).toBe('slow');
  available = true;
  await attn.reprobe();
  expect((await attn.attention(call)).backend).toBe('late');
});

test('two failures are not enough, and a success starts the count again', () => {
  const failures = new FailureLog();
  const lost = new AttnError('DEVICE_LOST', 'fake/run', 'gone');
  for (let i = 0; i < 2; i++) failures.failed('a', 'graph', lost);
  expect(failures.complaint('a', 'graph')).toBeUndefined();
  failures.succeeded('a', 'other graph');
  failures.failed('a', 'graph', lost);
  expect(failures.complaint('a', 'graph')).toBeUndefined();
});

test('mistakes are not failures of the machine', () => {
  const codes = ['INVALID_ARGUMENT', 'UNSUPPORTED', 'ABORTED', 'DISPOSED', 'INTERNAL'] as const;
  for (const code of codes) expect(isRecoverable(new AttnError(code, 'fake/run', 'no'))).toBe(false);
});
