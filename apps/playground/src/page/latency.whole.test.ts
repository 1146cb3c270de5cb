import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type Site } from './browser.testing.ts';

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterAll(() => site[Symbol.asyncDispose]());

/** How many keys are pressed, and the pause between two in milliseconds. */
const KEYS = 60;
const PAUSE = 50;

test('keys are answered within 50 ms while a model reads a novel', async () => {
  await using open = await site.open('#read');
  const { page } = open;
  await page.getByRole('button', { name: 'Load the model' }).click();
  await page.locator('#model-facts').waitFor();
  await page.getByRole('button', { name: 'Open Moby-Dick' }).click();
  await page.getByText('1,190,317 characters').waitFor();
  await page.evaluate(() => {
    const delays: number[] = [];
    // From the key's own time to the frame after the one that shows it.
    addEventListener('keydown', ({ timeStamp }) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => delays.push(performance.now() - timeStamp);
        port2.postMessage(0);
      }),
    );
    Object.assign(globalThis, { delays });
  });
  const press = async (): Promise<readonly number[]> => {
    for (let key = 0; key < KEYS; key++) {
      await page.keyboard.press('a');
      await page.waitForTimeout(PAUSE);
    }
    return page.evaluate(() => (globalThis as unknown as { delays: number[] }).delays.splice(0));
  };
  await page.getByLabel('Paste a text, or drop a .txt here').focus();
  const idle = await press();
  await page.getByRole('button', { name: 'Make vectors' }).click();
  await page.getByText(/^windows: \d+ %/).waitFor();
  await page.getByLabel('Paste a text, or drop a .txt here').focus();
  const busy = await press();
  expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(1);
  await page.getByRole('button', { name: 'Stop' }).click();
  const [middleIdle, middle, late] = [at(idle, 0.5), at(busy, 0.5), at(busy, 0.95)];
  console.log(
    `input latency: median ${middle.toFixed(1)} ms, 95 % within ${late.toFixed(1)} ms; idle ${middleIdle.toFixed(1)} ms`,
  );
  expect(middle).toBeLessThan(50);
});

/** The value below which this share of the values lies. */
function at(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))];
}
