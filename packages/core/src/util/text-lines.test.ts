import { expect, test } from 'vitest';
import { textLines, type TextLine } from './text-lines.ts';

async function collect(chunks: AsyncIterable<string>): Promise<readonly TextLine[]> {
  const lines: TextLine[] = [];
  for await (const line of textLines(chunks)) lines.push(line);
  return lines;
}

function linesOf(...chunks: readonly string[]): Promise<readonly TextLine[]> {
  async function* stream(): AsyncGenerator<string> {
    yield* chunks;
  }
  return collect(stream());
}

test('lines end at line feeds, wherever pieces end', async () => {
  const text = '\uFEFF{"a":1}\n\n \nwhale \u2028 fish\r\nlast';
  const expected = [
    { line: '{"a":1}', number: 1 },
    { line: 'whale \u2028 fish\r', number: 4 },
    { line: 'last', number: 5 },
  ];
  for (let size = 1; size <= text.length; size++) {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    expect(await linesOf(...chunks)).toEqual(expected);
  }
});

test('a text without lines', async () => {
  expect(await linesOf()).toEqual([]);
  expect(await linesOf('\uFEFF', '\n')).toEqual([]);
});

test('an error of the source is the error', async () => {
  async function* broken(): AsyncGenerator<string> {
    yield 'a\nb';
    throw new Error('the disk is gone');
  }
  await expect(collect(broken())).rejects.toThrow('the disk is gone');
});
