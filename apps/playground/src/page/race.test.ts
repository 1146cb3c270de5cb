import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIPBOARD, expectSilence, openSite, type Site } from './browser.testing.ts';
import { race } from './race.testing.ts';

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterAll(() => site[Symbol.asyncDispose]());

test('backends race, and agree with float64', async () => {
  await using open = await site.open('#race', CLIPBOARD);
  const { page } = open;
  for (const name of ['WebGPU', 'ONNX Runtime (14 MB)']) await page.getByLabel(name).uncheck();
  const report = await race(page);
  expect(report.rows.map(({ backend }) => backend).toSorted()).toEqual(['cpu', 'wasm']);
  const [best, ...others] = report.explanation.filter(({ chosen }) => chosen);
  expect(others).toEqual([]);
  expect(await page.getByRole('heading', { name: `Why ${best.backend}` }).count()).toBe(1);
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
