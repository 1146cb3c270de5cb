// The goldens on a page: the same ids, offsets, types and texts as in Node.
import { describe, expect, test } from 'vitest';
import { differences, linesIn, type GoldenCase } from './golden-lines.testing.ts';
import { tokenizerFileNames, tokenizerFromFiles } from './index.ts';

/** A golden file, from the server of the tests, whose root is this package. */
async function fetched(path: string): Promise<Response | undefined> {
  const response = await fetch(`/goldens/${path}`);
  return response.ok ? response : undefined;
}

async function textOf(path: string): Promise<string> {
  const response = await fetched(path);
  if (response === undefined) throw new Error(`there is no golden ${path}`);
  return response.text();
}

async function filesOf({ dir }: GoldenCase): Promise<Record<string, Uint8Array>> {
  const entries = await Promise.all(
    tokenizerFileNames().map(async (name) => {
      const response = await fetched(`${dir}/${name}`);
      return response === undefined ? [] : [[name, new Uint8Array(await response.arrayBuffer())] as const];
    }),
  );
  return Object.fromEntries(entries.flat());
}

const { cases } = JSON.parse(await textOf('manifest.json')) as { readonly cases: readonly GoldenCase[] };

test('there are many', () => {
  expect(cases.length).toBeGreaterThan(15);
});

describe.each(cases)('$id', (golden) => {
  test('ids, offsets, types, special tokens and texts of every line', async () => {
    const tokenizer = tokenizerFromFiles(await filesOf(golden));
    const lines = linesIn(await textOf(golden.file));
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.flatMap((line) => differences(tokenizer, line, true))).toEqual([]);
    for (const { ids, decode } of lines) if (ids !== undefined) expect(tokenizer.decode(ids)).toBe(decode);
  });
});

test('timers fire while a long text is encoded, and end the call', async () => {
  const tokenizer = tokenizerFromFiles(await filesOf(cases[0]));
  const novel = 'The whale, the whale! Up helm, up helm! '.repeat(50_000);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const { ids } = await tokenizer.encodeAsync(novel);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(2);
  expect(ids.length).toBeGreaterThan(500_000);

  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const call = tokenizer.encodeAsync(novel, { signal: controller.signal });
  await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
});
