import { slidingWindow, patternFromJson } from '@attn/core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIPBOARD, copied, expectSilence, openSite, type Site } from './browser.testing.ts';

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterAll(() => site[Symbol.asyncDispose]());

const canvas = 'canvas[role=application]';

/** Waits until a part of the pattern is painted: the whole is `0:0:n`. */
async function painted(page: Page, view: string, order = 'positions'): Promise<void> {
  await page.waitForSelector(`${canvas}[data-drawn$="${order}:${view}"]`);
}

/** The colours of the picture, at shares of its side. */
function colours(page: Page, places: readonly (readonly [number, number])[]): Promise<readonly string[]> {
  return page.evaluate(
    ([selector, list]) => {
      const element = document.querySelector<HTMLCanvasElement>(selector);
      const context = element?.getContext('2d');
      const { width = 1, height = 1 } = element ?? {};
      const { data } = context?.getImageData(0, 0, width, height) ?? { data: [] };
      return list.map(([x, y]) => {
        const at = 4 * (Math.floor(y * height) * width + Math.floor(x * width));
        return data.slice(at, at + 4).join();
      });
    },
    [canvas, places] as const,
  );
}

test('a pattern is chosen, changed, looked at and taken along', async () => {
  await using open = await site.open('', CLIPBOARD);
  const { page } = open;
  await painted(page, '0:0:4096');
  await expect.poll(() => page.locator('.figures').textContent()).toContain('of n² is computed15 %');

  await page.getByLabel('Begin with').selectOption({ label: 'A million tokens – a window, at length' });
  await painted(page, '0:0:1000000');
  await page.getByLabel('Before').fill('100');
  await expect.poll(() => page.locator('.figures').textContent()).toContain('of n² is allowed0.0101 %');
  await page.getByLabel('Before').fill('lots');
  await expect
    .poll(() => page.getByRole('alert').first().textContent())
    .toBe('Before: expected an integer from 0 on, got "lots"');
  await page.getByLabel('Before').fill('2');
  await page.getByLabel('Dilation').fill('3');
  await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  await page.getByLabel('Tokens (n)').fill('3000');
  await painted(page, '0:0:3000');

  const pattern = slidingWindow({ before: 2, after: 0, dilation: 3 });
  expect(patternFromJson(JSON.parse(await copied(page, 'Copy JSON'))).key).toBe(pattern.key);
  expect(await copied(page, 'Copy TypeScript')).toContain(
    'slidingWindow({ before: 2, after: 0, dilation: 3 })',
  );
  expect(await copied(page, 'Copy command')).toContain('attn plan --n 3000 --pattern');
  const link = await copied(page, 'Copy link');
  await using second = await site.open(new URL(link).hash);
  await painted(second.page, '0:0:3000');
  expect(await second.page.getByLabel('Dilation').inputValue()).toBe('3');
  expectSilence(open);
  expectSilence(second);
});

test('the picture is zoomed from the whole to single cells, by keys and by the wheel', async () => {
  await using open = await site.open('#draw?pattern=["causal"]&n=64');
  const { page } = open;
  await painted(page, '0:0:64');
  const [below, above] = await colours(page, [
    [0.25, 0.75],
    [0.75, 0.25],
  ]);
  expect(below).not.toBe(above);
  await page.locator(canvas).focus();
  for (const key of ['+', '+', '+']) await page.keyboard.press(key);
  await painted(page, '28:28:8');
  await page.keyboard.press('ArrowRight');
  await painted(page, '28:29:8');
  await page.keyboard.press('Home');
  await painted(page, '0:0:64');
  await page.locator(canvas).hover({ position: { x: 3, y: 3 } });
  await expect.poll(() => page.locator('.readout').textContent()).toBe('query 0, key 0: allowed');
  await page.mouse.wheel(0, -400);
  await page.waitForSelector(`${canvas}:not([data-drawn$=":0:0:64"])`);
  await page.getByRole('button', { name: 'Whole' }).click();
  await painted(page, '0:0:64');
  await page.getByRole('button', { name: 'As computed' }).click();
  await painted(page, '0:0:64', 'computed');
  expectSilence(open);
});

test('patterns are combined, and a formula is written', async () => {
  await using open = await site.open('#draw?pattern=["causal"]&n=512', CLIPBOARD);
  const { page } = open;
  await page.getByLabel('Kind of the pattern').selectOption('and');
  await page.getByRole('button', { name: 'Add a part' }).click();
  await page.getByLabel('Kind of part 2').selectOption('where');
  await page.getByLabel('Formula').fill('q % 2 ==');
  await expect.poll(() => page.getByRole('alert').first().textContent()).toContain('expected a formula');
  await page.getByLabel('Formula').fill('q % 2 == k % 2');
  await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  expect(JSON.parse(await copied(page, 'Copy JSON'))).toEqual({
    type: 'and',
    of: [{ type: 'causal' }, { type: 'where', expression: ['eq', ['mod', 'q', 2], ['mod', 'k', 2]] }],
  });
  await page.getByRole('button', { name: 'Remove part 1' }).click();
  await expect.poll(() => page.locator('.figures').textContent()).toContain('of n² is allowed50 %');
  expectSilence(open);
});

test('what the library refuses is said in its words', async () => {
  await using open = await site.open('#draw?pattern=["globalTokens",{"indices":"900"}]&n=512');
  await expect.poll(() => open.page.locator('.problem').textContent()).toContain('900');
  expectSilence(open);
});
