import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIPBOARD, expectSilence, openSite, type Site } from './browser.testing.ts';
import { race } from './race.testing.ts';

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterAll(() => site[Symbol.asyncDispose]());

test('every backend of this browser races, and agrees with float64', async () => {
  await using open = await site.open('#race', CLIPBOARD);
  const { rows } = await race(open.page);
  expect(rows.map(({ backend }) => backend).toSorted()).toEqual(['cpu', 'onnx', 'wasm', 'webgpu']);
  expectSilence(open);
});
