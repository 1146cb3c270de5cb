import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIPBOARD, copied, expectSilence, openSite, type Site } from './browser.testing.ts';

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterAll(() => site[Symbol.asyncDispose]());

test('every backend of this browser races, and agrees with float64', async () => {
  await using open = await site.open('#race?n=256', CLIPBOARD);
  const { page } = open;
  await page.getByLabel('Tokens (n)').last().fill('256');
  await page.getByLabel('Head dim').fill('16');
  await page.getByRole('button', { name: 'Race', exact: true }).click();
  await page.locator('#race-result').waitFor();
  expect(await page.getByRole('img', { name: /^Times of the pattern/ }).count()).toBe(1);
  const report = JSON.parse(await copied(page, 'Copy figures of this machine'));
  expect(report.machine).toMatchObject({ isIsolated: true, cores: expect.any(Number) });
  const names = report.rows.map(({ backend }: { readonly backend: string }) => backend);
  expect(names.toSorted()).toEqual(['cpu', 'onnx', 'wasm', 'webgpu']);
  for (const row of report.rows) {
    expect(row, row.backend).toMatchObject({
      pattern: { ms: expect.any(Number) },
      dense: { ms: expect.any(Number) },
    });
    expect(row.error, row.backend).toBeLessThan(1e-5);
  }
  const chosen = report.explanation.filter((row: { readonly chosen: boolean }) => row.chosen);
  expect(chosen).toHaveLength(1);
  expect(await page.getByRole('heading', { name: `Why ${chosen[0].backend}` }).count()).toBe(1);
  expectSilence(open);
});

test('a race is stopped, and what would take too long is left out', async () => {
  await using open = await site.open('#race');
  const { page } = open;
  for (const name of ['WebGPU', 'ONNX Runtime (14 MB)', 'WebAssembly']) await page.getByLabel(name).uncheck();
  await page.getByLabel('Tokens (n)').last().fill('16384');
  await page.getByRole('button', { name: 'Race', exact: true }).click();
  await page.getByText('cpu: ').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
  expect(await page.getByRole('alert').count()).toBe(0);

  await page.getByLabel('Heads').last().fill('64');
  await page.getByLabel('Head dim').fill('1');
  await page.getByLabel('Most seconds a run').fill('1');
  await page.getByLabel('Dense attention beside it').uncheck();
  await page.getByRole('button', { name: 'Race', exact: true }).click();
  await page.locator('#race-result').waitFor();
  expect(await page.getByText('pattern: its prediction is above the limit').count()).toBe(1);
  expectSilence(open);
});
