import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { pipeline } from '@attn/models/node';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSilence, goldenFolder, openSite, type Site } from './browser.testing.ts';
import { stubHub } from './hub.testing.ts';

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterAll(() => site[Symbol.asyncDispose]());

const TEXT = [
  'A ship lay in the harbour. Its sails were white.',
  'The cook made soup of onions and salt.',
  'Far out at sea a whale blew, and the sailors cried.',
  'In the evening the cook told a story about a cat.',
].join('\n\n');

interface Case {
  readonly input: { readonly text: string; readonly question: string; readonly context: string };
  readonly options: object;
}

/** The first case of a golden with default options. */
function goldenCase(name: string): Case {
  const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
    readFileSync(join(goldenFolder(name), 'cases.json'), 'utf8'),
  );
  const plain = cases.find(({ options }) => Object.keys(options).length === 0);
  if (plain === undefined) throw new Error(`expected a case with default options in ${name}, got none`);
  return plain;
}

async function paste(page: Page, text: string): Promise<void> {
  await page.getByLabel('Paste a text, or drop a .txt here').fill(text);
  await page.getByRole('button', { name: 'Open it' }).click();
}

async function loadFolder(page: Page, name: string, weights: string): Promise<void> {
  await page.getByLabel('Where from').selectOption({ label: 'A folder on this disk' });
  await page.getByLabel('Folder with config.json').setInputFiles(goldenFolder(name));
  await page.getByLabel('Weights').selectOption({ label: weights });
  await page.getByRole('button', { name: 'Load the model' }).click();
  await page.locator('#model-facts').waitFor();
}

test('the small model searches a text, and shows what a word looks at', async () => {
  await using open = await site.open('#read');
  const { page } = open;
  await page.getByRole('button', { name: 'Load the model' }).click();
  await expect.poll(() => page.locator('#model-facts').textContent()).toContain('LongformerModel');
  await paste(page, TEXT);
  await page.getByLabel('Tokens a chunk').fill('12');
  await page.getByRole('button', { name: 'Make vectors' }).click();
  await page.getByText(/^4 vectors of 128 numbers from 4\d tokens/).waitFor();
  await page.getByLabel('Search the text').fill('a whale at sea and the sailors');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.hits li').first().textContent()).toContain('a whale blew');
  await expect.poll(() => page.locator('mark.here').textContent()).toContain('a whale blew');

  await page.getByRole('button', { name: 'Attention' }).click();
  await page.locator('.reader').focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.reader .chosen').textContent()).toBe('A');
  for (const word of ['ship', 'lay']) {
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('.reader .chosen').textContent()).toBe(word);
  }
  await page.getByLabel('Layer').selectOption('2');
  await page.getByLabel('Head', { exact: true }).selectOption('1');
  await expect.poll(() => page.locator('.reader .weight-8').count()).toBeGreaterThan(0);
  expectSilence(open);
});

test('a model from a folder marks entities, in 8 bits too', async () => {
  const { input } = goldenCase('ner-bert');
  await using open = await site.open('#read');
  const { page } = open;
  for (const weights of ['as the files have them', '8 bits: a quarter of the memory']) {
    await loadFolder(page, 'ner-bert', weights);
    await paste(page, input.text);
    await page.getByRole('button', { name: 'Mark the entities' }).click();
    await page.getByText(/^\d+ entities$/).waitFor();
    const labels = await page.locator('mark .label').allTextContents();
    expect(new Set(labels)).toContain('LOC');
    expect(await page.locator('.reader').innerText()).toContain('Captain');
  }
  expectSilence(open);
});

test('a model from a folder answers a question where the answer stands', async () => {
  const { input } = goldenCase('qa-bert');
  await using attn = await createAttn({ backends: [cpu()], cache: false });
  const answer = await pipeline('question-answering', goldenFolder('qa-bert'), { attn });
  const expected = await answer(input.question, input.context);
  await using open = await site.open('#read');
  const { page } = open;
  await loadFolder(page, 'qa-bert', 'as the files have them');
  await paste(page, input.context);
  await page.getByLabel('Ask the text').fill(input.question);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.hits li').first().textContent()).toContain(expected.answer);
  await expect.poll(() => page.locator('mark.here').textContent()).toBe(expected.answer);
  expectSilence(open);
});

test('a text is dropped, and picked from the disk', async () => {
  await using open = await site.open('#read');
  const { page } = open;
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], 'log.txt', { type: 'text/plain' }));
    return transfer;
  }, TEXT);
  await page.dispatchEvent('.drop', 'dragover', { dataTransfer: dropped });
  await page.locator('.drop.over').waitFor();
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: dropped });
  await expect
    .poll(() => page.locator('#text-facts').textContent())
    .toBe(`log.txt, ${TEXT.length} characters`);
  expect(await page.locator('.reader').innerText()).toContain('A ship lay in the harbour.');
  expect(await page.locator('.drop.over').count()).toBe(0);

  const picked = { name: 'soup.txt', mimeType: 'text/plain', buffer: Buffer.from('Onions and salt.') };
  await page.getByLabel('Or a file').setInputFiles(picked);
  await expect.poll(() => page.locator('#text-facts').textContent()).toBe('soup.txt, 16 characters');
  expectSilence(open);
});

test('a model comes from the hub', async () => {
  const { input } = goldenCase('ner-bert');
  await using open = await site.open('#read');
  const { page, context } = open;
  await stubHub(context, 'some-one/ner', goldenFolder('ner-bert'));
  await page.getByLabel('Where from').selectOption({ label: 'The Hugging Face hub' });
  await page.getByLabel('Id').fill('some-one/ner');
  await page.getByRole('button', { name: 'Load the model' }).click();
  await expect.poll(() => page.locator('#model-facts').textContent()).toContain('BertForTokenClassification');
  await paste(page, input.text);
  await page.getByRole('button', { name: 'Mark the entities' }).click();
  await page.getByText(/^\d+ entities$/).waitFor();
  expectSilence(open);
});

test('a model that the hub does not have is refused in one sentence', async () => {
  await using open = await site.open('#read');
  const { page, context } = open;
  await stubHub(context, 'some-one/ner', goldenFolder('ner-bert'));
  await page.getByLabel('Where from').selectOption({ label: 'The Hugging Face hub' });
  await page.getByLabel('Id').fill('nobody/nothing');
  await page.getByRole('button', { name: 'Load the model' }).click();
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('nobody/nothing');
});

test('a whole novel is opened; work on it is stopped, and the page answers meanwhile', async () => {
  await using open = await site.open('#read');
  const { page } = open;
  await page.getByRole('button', { name: 'Load the model' }).click();
  await page.locator('#model-facts').waitFor();
  await page.getByRole('button', { name: 'Open Moby-Dick' }).click();
  await page.getByText('1,190,317 characters').waitFor();
  await page.getByRole('button', { name: 'Make vectors' }).click();
  await page.getByText(/^windows: \d+ %/).waitFor();
  await page.getByRole('button', { name: 'On', exact: true }).click();
  await page.getByText(/^Page 2 of \d+/).waitFor();
  expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(1);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.getByRole('button', { name: 'Make vectors' }).waitFor();
  expectSilence(open);
});

test('a folder that is no model is refused in one sentence', async () => {
  await using open = await site.open('#read');
  const { page } = open;
  await page.getByLabel('Where from').selectOption({ label: 'A folder on this disk' });
  await page.getByLabel('Folder with config.json').setInputFiles(join(goldenFolder('st-mean'), '1_Pooling'));
  await page.getByRole('button', { name: 'Load the model' }).click();
  await expect
    .poll(() => page.getByRole('alert').textContent())
    .toContain('there is neither model.safetensors');
  expectSilence(open);
});
