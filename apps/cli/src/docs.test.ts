// Examples of the docs work: every JSON pattern parses, every drawing
// shows what its pattern allows, the script runs.
import { execFile } from 'node:child_process';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { drawPattern, patternFromJson, where, type Json, type Pattern } from '@attn/core';
import { expect, test } from 'vitest';
import { spawnIn } from './cli.testing.ts';

const readDocs = (name: string) => readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const patterns = await readDocs('patterns.md');
const commandLine = await readDocs('cli.md');

/**
 * Every line of every `json` block, with the `text` block that
 * follows the block, if one does, at its first line.
 */
const examples = [...patterns.matchAll(/^```json\n(.+?)```(?:\n\n```text\n(.+?)\n```)?/gms)].flatMap(
  ([, lines, drawing]) =>
    lines
      .trim()
      .split('\n')
      .map((line, index): [string, string | undefined] => [line, index === 0 ? drawing : undefined]),
);

test('there are examples of every type of pattern', () => {
  const documented = new Set(examples.flatMap(([line]) => line.match(/(?<="type":")\w+/g) ?? []));
  let message = '';
  try {
    patternFromJson({ type: '' });
  } catch (error) {
    message = String(error);
  }
  const [, types] = /one of (.+), got/.exec(message) ?? [];
  expect([...documented].sort()).toEqual(types.split(', ').sort());
});

test.each(examples)('%s', (line, drawing) => {
  const json: Json = JSON.parse(line);
  const pattern = patternFromJson(json);
  expect(pattern.toJSON()).toEqual(json);
  if (drawing === undefined) return;
  const n = drawing.split('\n').length;
  const { cells } = drawPattern(pattern, { n });
  const rows = cells.map((row) => row.map((cell) => (cell === 'all' ? '■' : '·')).join(' '));
  expect(rows.join('\n')).toBe(drawing);
});

/** Every complete call of `where` in the docs and the packages' READMEs, with the file that it is in. */
async function formulas(): Promise<[call: string, file: string][]> {
  const root = new URL('../../../', import.meta.url);
  const files: string[] = [];
  for await (const file of glob(['*.md', 'docs/*.md', 'packages/*/README.md'], { cwd: root }))
    files.push(file);
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, root), 'utf8')));
  return texts.flatMap((text, i) =>
    [...text.matchAll(/(?<![\w.])where\(/g)]
      .map(({ index }): [string, string] => [
        text.slice(index, index + callLength(text.slice(index))),
        files[i],
      ])
      .filter(([call]) => !call.includes('…')),
  );
}

/** Up to the bracket that closes the first. */
function callLength(text: string): number {
  let open = 0;
  for (let i = text.indexOf('('); i < text.length; i++) {
    if (text[i] === '(') open += 1;
    if (text[i] === ')' && --open === 0) return i + 1;
  }
  return text.length;
}

test('formulas in the docs are taken, and are what their JSON says', async () => {
  const calls = await formulas();
  const patternOf = (call: string): Pattern => new Function('where', `return ${call}`)(where) as Pattern;
  expect(calls.length).toBeGreaterThan(3);
  for (const [call, file] of calls) expect(patternOf(call).type, `${file}: ${call}`).toBe('where');
  // Code that is followed by a line of JSON is the same pattern.
  const pairs = [...patterns.matchAll(/^```ts\n(where\(.+?);\n```\n\n```json\n(.+?)\n/gms)];
  expect(pairs.length).toBeGreaterThan(0);
  for (const [, call, json] of pairs) expect(JSON.stringify(patternOf(call))).toBe(json);
});

test('the script that writes qkv.safetensors writes a file that the first command reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'attn-docs-'));
  const [, script] = /^```js\n(.+?)```/ms.exec(commandLine) ?? ['', ''];
  const there = script.replace("'qkv.safetensors'", JSON.stringify(join(folder, 'qkv.safetensors')));
  const cwd = new URL('..', import.meta.url); // where the packages are found
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', there], { cwd });
  const args = ['run', '--input', 'qkv.safetensors', '--pattern', '{"type":"causal"}', '--output', 'out'];
  expect(await spawnIn(folder, args)).toMatchObject({ code: 0, stderr: '' });
  await rm(folder, { recursive: true });
});
