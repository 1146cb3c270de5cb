/**
 * The suite itself under test: every planted fault must make it fail, and the reference must pass all of it.
 */
import { describe, expect, test } from 'vitest';
import { allCases } from './cases/index.ts';
import { faults, type Fault } from './faults/index.testing.ts';
import { goldenCalls, goldenEntries, readGolden, runGolden } from './goldens/index.ts';
import { backendProperties } from './properties/index.ts';
import { referenceBackend } from './reference-backend.ts';
import { runCase } from './runner.ts';
import { selectCases } from './select.ts';
import { verdict } from './verdict.ts';

/** Ids of the first cases that a faulty backend fails, and the message of the first failure. */
async function failures({ among, make }: Fault): Promise<{ ids: string[]; message: string }> {
  const backend = referenceBackend(make());
  const failures = { ids: [] as string[], message: '' };
  for (const testCase of selectCases(among, allCases)) {
    const result = await runCase(backend, testCase);
    if (result.status !== 'failed') continue;
    failures.message ||= result.message;
    failures.ids.push(testCase.id);
    if (failures.ids.length === 3) break;
  }
  return failures;
}

describe('every planted fault is caught', () => {
  for (const fault of faults) {
    test(fault.name, async () => {
      const { ids, message } = await failures(fault);
      expect(ids, `cases among ${fault.among} that fail`).not.toEqual([]);
      expect(message).toContain(ids[0]);
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
  const backend = { ...referenceBackend(), supports: () => 'no dilation here' };
  const [first] = selectCases('attn:attention:*dilation*', allCases);
  const result = await runCase(backend, first);
  expect(result).toEqual({ id: first.id, status: 'unsupported', reason: 'attention: no dilation here' });
  expect(verdict(result, {})).toContain('was not declared');
  expect(verdict(result, { '*dilation*': 'no dilation' })).toBeUndefined();
  expect(verdict(result, { '*dilation*': 'out of memory' })).toContain('another reason');
  expect(verdict({ id: first.id, status: 'passed' }, { '*dilation*': 'no dilation' })).toContain('but works');
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

  test('a mask that random calls must find to be ignored', async () => {
    const { make } = faults.find(({ name }) => name === 'ignores the key mask') ?? faults[0];
    const oracle = backendProperties.find(({ id }) => id === 'property:oracle');
    await expect(oracle?.check(referenceBackend(make()))).rejects.toThrow('keyMask');
  });
});
