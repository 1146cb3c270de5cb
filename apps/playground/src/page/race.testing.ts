/** A small race in the browser. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { RaceReport } from '../engine/race-engine.ts';
import { copied } from './browser.testing.ts';

/** Races the backends that are ticked, and returns the figures that a visitor copies. */
export async function race(page: Page): Promise<RaceReport> {
  await page.getByLabel('Tokens (n)').last().fill('256');
  await page.getByLabel('Head dim').fill('16');
  await page.getByRole('button', { name: 'Race', exact: true }).click();
  await page.locator('#race-result').waitFor();
  expect(await page.getByRole('img', { name: /^Times of the pattern/ }).count()).toBe(1);
  const report: RaceReport = JSON.parse(await copied(page, 'Copy figures of this machine'));
  expect(report.machine).toMatchObject({ isIsolated: true, cores: expect.any(Number) });
  for (const row of report.rows) {
    expect(row, row.backend).toMatchObject({
      pattern: { ms: expect.any(Number) },
      dense: { ms: expect.any(Number) },
    });
    expect(row.error, row.backend).toBeLessThan(1e-5);
  }
  return report;
}
