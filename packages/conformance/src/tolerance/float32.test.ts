/**
 * Tolerances must not ask for more than float32 can give: an honest implementation, however careless,
 * passes everything. By default a quarter of the cases is tried, as only changes of core's reference and of
 * this package can break it.
 */
import { expect, test } from 'vitest';
import { allCases } from '../cases/index.ts';
import { isWholeRun } from '../environment.ts';
import { goldenCalls, goldenEntries, readGolden, runGolden } from '../goldens/index.ts';
import { referenceBackend } from '../reference-backend.ts';
import { runCase } from '../runner.ts';
import { isInPart } from '../select.ts';
import { evaluateFloat32 } from './float32.testing.ts';

const backend = referenceBackend(evaluateFloat32);

const cases = isWholeRun() ? allCases : allCases.filter(({ id }) => isInPart({ part: 0, of: 4 }, id));

test('cases', { timeout: 180_000 }, async () => {
  for (const each of cases) {
    if (each.params.rows !== undefined) continue; // too long for an implementation without tiles
    expect(await runCase(backend, each)).toEqual({ id: each.id, status: 'passed' });
  }
});

test('every golden', { timeout: 180_000 }, async () => {
  for (const entry of await goldenEntries()) {
    const golden = await readGolden(entry);
    for (const call of Object.values(goldenCalls(golden))) {
      expect(await runGolden(backend, golden, call)).toMatchObject({ status: 'passed' });
    }
  }
});
