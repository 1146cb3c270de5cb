// `attn tokenize` on folders of tokenizers with lines of the originals. Whole sets: `ATTN_GOLDENS`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, MAIN } from '../cli.testing.ts';

const { ATTN_GOLDENS } = process.env;
const own = fileURLToPath(new URL('../../../../packages/tokenizers/goldens/', import.meta.url));
const goldens = ATTN_GOLDENS === undefined ? own : join(ATTN_GOLDENS, 'tokenizers');
const ids =
  ATTN_GOLDENS === undefined
    ? ['longformer-plain', 'bert-default', 'gemma']
    : (await readdir(join(goldens, 'models'))).toSorted();
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'attn-tokenize-'))));
afterAll(() => rm(folder, { recursive: true }));

/** The columns of an encoding. */
interface Columns {
  readonly ids: readonly number[];
  readonly offsets: readonly (readonly [number, number] | null)[];
  readonly typeIds: readonly number[];
  /** Tokens whose place is a matter of taste. */
  readonly loose?: readonly number[];
}

interface Line extends Columns {
  readonly text: string;
  readonly pair?: string;
  readonly maxLength?: number;
  readonly stride?: number;
  readonly addSpecialTokens?: boolean;
  readonly windows?: readonly Columns[];
  /** The ids of another original, where they differ. */
  readonly slow?: unknown;
}

const linesOf = async (id: string): Promise<readonly Line[]> =>
  (await readFile(join(goldens, `${id}.jsonl`), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** Expects ids, types and the places of all tokens that have a firm one. */
function expectSame(output: Columns, { ids, offsets, typeIds, loose = [] }: Columns): void {
  expect(output.ids).toEqual(ids);
  const firm = <T>(column: readonly T[]): readonly T[] => column.filter((_, i) => !loose.includes(i));
  expect(firm(output.offsets)).toEqual(firm(offsets));
  expect(output.typeIds).toEqual(typeIds);
}

describe.each(ids)('%s', (id) => {
  /** The lines that the command writes. Each call is of one length, stride and kind. */
  const tokenize = async (lines: readonly Line[]): Promise<readonly Line[]> => {
    const [{ maxLength, stride = 0, addSpecialTokens }] = lines;
    const input = lines.map(({ text, pair }) => JSON.stringify({ text, pair })).join('\n');
    await writeFile(join(folder, `${id}.in`), input);
    const args = ['--model', join(goldens, 'models', id), '--input', `${id}.in`, '--output', `${id}.out`];
    if (maxLength !== undefined) args.push('--max-length', String(maxLength), '--stride', String(stride));
    if (addSpecialTokens === false) args.push('--no-special-tokens');
    expect(await attnIn(folder, ['tokenize', ...args])).toMatchObject({ code: 0, stderr: '' });
    const output = await readFile(join(folder, `${id}.out`), 'utf8');
    return output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  };

  test('ids, places and types of every line', async () => {
    const lines = (await linesOf(id)).filter(
      ({ windows, slow }) => windows === undefined && slow === undefined,
    );
    expect(lines.length).toBeGreaterThan(5);
    const output = await tokenize(lines);
    expect(output).toHaveLength(lines.length);
    for (const [i, line] of lines.entries()) expectSame(output[i], line);
  });

  test('windows', { timeout: 60_000 }, async () => {
    const lines = (await linesOf(id)).filter(
      ({ windows, slow }) => windows !== undefined && slow === undefined,
    );
    const kindOf = (line: Line): string => [line.maxLength, line.stride, line.addSpecialTokens].join();
    for (const kind of new Set(lines.map(kindOf))) {
      const some = lines.filter((line) => kindOf(line) === kind);
      const output = await tokenize(some);
      for (const [i, { windows = [] }] of some.entries()) {
        expect(output[i].windows).toHaveLength(windows.length);
        for (const [k, window] of windows.entries()) {
          // The original changes the type of the second text in later windows, against its own template.
          const hasTypes = k === 0 || windows[0].typeIds.includes(1);
          const typeIds = hasTypes ? window.typeIds : window.ids.map(() => 0);
          expectSame(output[i].windows?.[k] ?? output[i], { ...window, typeIds });
        }
      }
    }
  });
});

test('to standard output, with offsets into the text', async () => {
  await writeFile(join(folder, 'one.in'), '{"text":"Call me Ishmael."}\n\n{"text":"a\u2028b"}\n');
  const model = join(own, 'models/longformer-plain');
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
  const model = join(own, 'models/longformer-plain');
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
  const model = join(own, 'models/longformer-plain');
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
  const model = join(own, 'models/longformer-plain');
  expect((await run('--model', model)).stderr).toContain('there is no file none.in (--input)');
});
