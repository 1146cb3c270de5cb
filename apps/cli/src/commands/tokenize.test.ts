// `attn tokenize` on folders of tokenizers with lines of the originals. Whole sets: `ATTN_GOLDENS`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, MAIN } from '../cli.testing.ts';

const goldens = fileURLToPath(new URL('../../../../packages/tokenizers/goldens/', import.meta.url));
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'attn-tokenize-'))));
afterAll(() => rm(folder, { recursive: true }));

interface Line {
  readonly text: string;
  readonly pair?: string;
  readonly ids?: readonly number[];
  readonly offsets: readonly unknown[];
  readonly typeIds: readonly number[];
  readonly maxLength?: number;
  readonly stride?: number;
  readonly addSpecialTokens?: boolean;
  readonly windows?: readonly Line[];
  readonly prefer?: string;
}

const linesOf = async (id: string): Promise<readonly Line[]> =>
  (await readFile(join(goldens, `${id}.jsonl`), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

describe.each(['longformer-plain', 'bert-default', 'gemma'])('%s', (id) => {
  const tokenize = async (lines: readonly Line[], ...options: string[]): Promise<readonly Line[]> => {
    const input = lines.map(({ text, pair }) => JSON.stringify({ text, pair })).join('\n');
    await writeFile(join(folder, `${id}.in`), input);
    const args = ['--model', join(goldens, 'models', id), '--input', `${id}.in`, '--output', `${id}.out`];
    expect(await attnIn(folder, ['tokenize', ...args, ...options])).toMatchObject({ code: 0, stderr: '' });
    const output = await readFile(join(folder, `${id}.out`), 'utf8');
    return output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  };

  test('ids and types of every line', async () => {
    const lines = (await linesOf(id)).filter(
      ({ windows, pair, prefer }) => !windows && pair !== '' && !prefer,
    );
    expect(lines.length).toBeGreaterThan(5);
    const output = await tokenize(lines);
    expect(output.map(({ ids }) => ids)).toEqual(lines.map(({ ids }) => ids));
    expect(output.map(({ offsets }) => offsets.length)).toEqual(lines.map(({ offsets }) => offsets.length));
  });

  test('windows', async () => {
    const lines = (await linesOf(id)).filter(
      ({ windows, addSpecialTokens }) => windows && addSpecialTokens !== false,
    );
    for (const line of lines.slice(0, 3)) {
      const { maxLength = 0, stride = 0, windows = [] } = line;
      const [output] = await tokenize([line], '--max-length', String(maxLength), '--stride', String(stride));
      expect(output.windows?.map(({ ids }) => ids)).toEqual(windows.map(({ ids }) => ids));
    }
  });
});

test('to standard output, with offsets into the text', async () => {
  await writeFile(join(folder, 'one.in'), '{"text":"Call me Ishmael."}\n\n{"text":"a\u2028b"}\n');
  const model = join(goldens, 'models/longformer-plain');
  const { code, stdout } = await attnIn(folder, ['tokenize', '--model', model, '--input', 'one.in']);
  const lines = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
  expect([code, lines.length]).toEqual([0, 2]);
  const words = lines[0].offsets.flatMap((span) =>
    Array.isArray(span) ? ['Call me Ishmael.'.slice(span[0], span[1])] : [],
  );
  expect(words.join('').replaceAll(' ', '')).toBe('CallmeIshmael.');
  expect(lines[0].offsets.at(0)).toBe(null);
});

test.each([['--input', '-'], ['--input=-']])('from standard input: %s %s', async (...input) => {
  const model = join(goldens, 'models/longformer-plain');
  const child = spawn(process.execPath, [MAIN, 'tokenize', '--model', model, ...input]);
  child.stdin.end('{"text":"Call me Ishmael."}');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(stderr).toBe('');
  expect((JSON.parse(stdout) as Line).ids?.length).toBeGreaterThan(3);
});

test.each([
  ['{"text":"a"}\n{"text":5}', 'line 2 of --input must be {"text"} or {"text","pair"}, got {"text":5}'],
  ['{"text":"a"', 'line 1 of --input must be JSON'],
])('a bad line %j leaves nothing behind', async (input, message) => {
  await writeFile(join(folder, 'bad.in'), input);
  const model = join(goldens, 'models/longformer-plain');
  const args = ['tokenize', '--model', model, '--input', 'bad.in', '--output', 'bad.out'];
  const { code, stderr } = await attnIn(folder, args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect((await readdir(folder)).filter((name) => name.startsWith('bad'))).toEqual(['bad.in']);
});

test('a model without a tokenizer, and an option that needs another', async () => {
  await writeFile(join(folder, 'config.json'), '{}');
  const run = (...args: string[]) => attnIn(folder, ['tokenize', '--input', 'none.in', ...args]);
  expect(await run('--model', folder)).toMatchObject({ code: 2 });
  expect((await run('--model', folder, '--stride', '2')).stderr).toContain('--stride needs --max-length');
  const model = join(goldens, 'models/longformer-plain');
  expect((await run('--model', model)).stderr).toContain('there is no file none.in (--input)');
});
