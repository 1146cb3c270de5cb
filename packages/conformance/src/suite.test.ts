/**
 * The suite itself under test: every planted fault must make it fail, and the reference must pass all of it.
 */
import type { Backend } from '@attn/core';
import { defineBackend } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { allCases } from './cases/index.ts';
import { faults, type Fault } from './faults/index.testing.ts';
import { goldenCalls, goldenEntries, readGolden, runGolden } from './goldens/index.ts';
import { isInHalf } from './halves.ts';
import { backendProperties } from './properties/index.ts';
import { referenceBackend } from './reference-backend.ts';
import { runCase, type CaseResult } from './runner.ts';
import { selectCases } from './select.ts';
import { verdict } from './verdict.ts';

/** The first case of a half that a faulty backend fails, or undefined when it passes all that should fail. */
async function firstFailure({ among, make }: Fault, half: 0 | 1): Promise<CaseResult | undefined> {
  const backend = referenceBackend(make());
  for (const each of selectCases(among, allCases)) {
    if (!isInHalf(half, each.id)) continue;
    const result = await runCase(backend, each);
    if (result.status === 'failed') return result;
  }
  return undefined;
}

describe.each([0, 1] as const)('every planted fault is caught by half %d', (half) => {
  for (const fault of faults) {
    test(fault.name, async () => {
      const failure = await firstFailure(fault, half);
      expect(failure, `a case among ${fault.among} that fails`).toMatchObject({ status: 'failed' });
      const message = failure?.status === 'failed' ? failure.message : '';
      expect(message).toContain(failure?.id);
      expect(message, 'a fault, not an accident of the test').not.toContain('threw');
    });
  }
});

test('goldens catch faults without any reference of ours', async () => {
  const caught = new Set<string>();
  for (const name of [
    'ignores the key mask',
    'a window one too wide',
    'no dilation',
    'ignores separate global projections',
    'ignores the bias',
  ]) {
    const { make } = faults.find((fault) => fault.name === name) ?? faults[0];
    for (const entry of await goldenEntries()) {
      if (caught.has(`${name}: ${entry.group}`)) continue;
      const golden = await readGolden(entry);
      for (const call of Object.values(goldenCalls(golden))) {
        const { status } = await runGolden(referenceBackend(make()), golden, call);
        if (status === 'failed') caught.add(`${name}: ${entry.group}`);
      }
    }
  }
  expect([...caught].sort()).toMatchInlineSnapshot(`
    [
      "a window one too wide: longformer",
      "a window one too wide: window",
      "ignores separate global projections: longformer",
      "ignores the bias: bigbird",
      "ignores the bias: dense",
      "ignores the bias: local",
      "ignores the key mask: bigbird",
      "ignores the key mask: dense",
      "ignores the key mask: local",
      "ignores the key mask: longformer",
      "ignores the key mask: window",
      "no dilation: window",
    ]
  `);
});

test('a backend that declares a case unsupported must have been expected to', async () => {
  const backend = defineBackend('abacus', {
    probe: () => ({ available: true, summary: 'an abacus', features: {} }),
    supports: () => 'no dilation here',
    estimate: () => 1,
    compile: () => expect.unreachable(),
  });
  const [first] = selectCases('attn:attention:*dilation*', allCases);
  const result = await runCase(backend, first);
  expect(result).toEqual({ id: first.id, status: 'unsupported', reason: 'attention: no dilation here' });
  expect(verdict(result, {})).toContain('was not declared');
  expect(verdict(result, { '*dilation*': 'no dilation' })).toBeUndefined();
  expect(verdict(result, { '*dilation*': 'out of memory' })).toContain('another reason');
  expect(verdict({ id: first.id, status: 'passed' }, { '*dilation*': 'no dilation' })).toContain('but works');
});

test('a backend that compiles what it calls unsupported', async () => {
  const backend: Backend = { ...referenceBackend(), supports: ({ op }) => op !== 'tanh' || 'no tanh' };
  const [first] = selectCases('attn:tanh:*', allCases);
  expect(await runCase(backend, first)).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('but expected UNSUPPORTED, got a result'),
  });
});

test('a backend that throws fails the case with the error in the message', async () => {
  const backend = referenceBackend(() => {
    throw new Error('kernel exploded');
  });
  const result = await runCase(backend, allCases[0]);
  expect(result).toMatchObject({ status: 'failed', message: expect.stringContaining('kernel exploded') });
});

describe('broken properties are caught', () => {
  test('batch rows that are mixed up', async () => {
    const { make } = faults.find(({ name }) => name.includes('weight of 0')) ?? faults[0];
    const independent = backendProperties.find(({ id }) => id === 'property:independent-rows');
    await expect(independent?.check(referenceBackend(make()))).rejects.toThrow('attn:attention:');
  });

  test.each([
    'takes the cosine for the sine',
    'reads tables one element further',
    'takes the position of the key for that of the query',
  ])('random scores: %s', async (name) => {
    const { make } = faults.find((fault) => fault.name === name) ?? faults[0];
    const scores = backendProperties.find(({ id }) => id === 'property:scores');
    await expect(scores?.check(referenceBackend(make()))).rejects.toThrow('attn:attention:');
  });

  test('a mask that random calls must find to be ignored', async () => {
    const { make } = faults.find(({ name }) => name === 'ignores the key mask') ?? faults[0];
    const oracle = backendProperties.find(({ id }) => id === 'property:oracle');
    await expect(oracle?.check(referenceBackend(make()))).rejects.toThrow('keyMask');
  });
});
