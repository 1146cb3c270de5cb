// `attn index` and `attn search` as users run them, on a store in a folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@attn/tooling-vitest/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attnIn, MAIN } from '../cli.testing.ts';

const MODEL = fileURLToPath(new URL('../../../../packages/models/goldens/tasks/st-mean', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-corpus-'));
  await mkdir(join(folder, 'notes/old'), { recursive: true });
  await writeFile(join(folder, 'notes/whales.md'), '# Whales\n\nAhab nailed a *doubloon* to the mast.\n');
  await writeFile(join(folder, 'notes/old/bread.txt'), 'Bread rises because of yeast.');
  await writeFile(join(folder, 'notes/photo.txt'), Buffer.from([1, 0, 2, 3]));
});
afterAll(() => rm(folder, { recursive: true }));

const attn = (...args: readonly string[]) => attnIn(folder, [...args, '--backend', 'cpu']);

test('files are indexed, searched, changed and removed', async () => {
  const first = await attn('index', 'notes', '--store', 'store', '--model', MODEL, '--json');
  expect(first).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^left out .*photo\.txt, which is no text\n$/),
  });
  expect(JSON.parse(first.stdout)).toMatchObject({ added: 2, documents: 2, done: 2, pending: 0, failed: [] });

  const result = await attn('search', 'doubloons', '--store', 'store', '--limit', '1', '--mode', 'words');
  expect(result.stderr).toBe('');
  expect(result.stdout).toMatch(
    /whales\.md \(Whales\) {2}2–47 {2}similarity -?\d\.\d{3}\n {2}Whales\n {2}Ahab nailed a doubloon/,
  );

  await writeFile(join(folder, 'notes/whales.md'), 'The whale dived.');
  await rm(join(folder, 'notes/old'), { recursive: true });
  const second = await attn('index', 'notes', '--store', 'store', '--json');
  expect(JSON.parse(second.stdout)).toMatchObject({ added: 0, changed: 1, removed: 1, documents: 1 });
  const none = await attn('search', 'yeast', '--store', 'store', '--mode', 'words', '--json');
  expect(JSON.parse(none.stdout)).toMatchObject({ question: 'yeast', results: [] });
});

test('lines of standard input are documents with metadata', async () => {
  const args = ['index', '-', '--format', 'jsonl', '--store', 'store', '--model', MODEL, '--backend', 'cpu'];
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder });
  child.stdin.end('{"id":"a","text":"Mars is red.","year":1990}\n\n{"text":"The sea is blue."}');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  expect([child.exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^added +2\nchanged +0\nunchanged +0\nremoved +0\ntime +/);
  const { stdout: json } = await attn(
    'search',
    'colours',
    '--store',
    'store',
    '--where',
    'year=1990',
    '--json',
  );
  const { results } = JSON.parse(json) as { results: readonly object[] };
  expect(results).toMatchObject([{ path: '-#a', start: 0, end: 12, metadata: { year: 1990 } }]);
});

test('--watch indexes what changes, also while the first time takes, until Ctrl-C', async () => {
  await writeFile(join(folder, 'watched.txt'), 'Mars is red.');
  const args = ['index', 'watched.txt', '--store', 'store', '--model', MODEL, '--backend', 'cpu', '--watch'];
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder });
  const closed = once(child, 'close');
  let stdout = '';
  const printed = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(stdout)) {
      const [chunk] = await Promise.race([once(child.stdout, 'data'), closed.then(() => [undefined])]);
      if (chunk === undefined) throw new Error(`expected ${pattern}, and the command ended: ${stdout}`);
      stdout += String(chunk);
    }
  };
  await printed(/added +1\n[^]*watching; Ctrl-C ends it\n/);
  await writeFile(join(folder, 'watched.txt'), 'Venus is bright.');
  await printed(/changed +1\n/);
  child.kill('SIGINT');
  const [code] = await closed;
  expect(code).toBe(0);
  const { stdout: json } = await attn('search', 'Venus', '--store', 'store', '--mode', 'words', '--json');
  expect(JSON.parse(json)).toMatchObject({ results: [{ passage: 'Venus is bright.' }] });
});

const server = await startPostgres();
afterAll(async () => {
  if ('stop' in server) await server.stop();
});
if ('reason' in server) {
  console.log(`[attn/cli] tests: left out those of stores on a server, as ${server.reason}`);
} else {
  test('workers do what index puts into the queue of a server', async () => {
    const store = ['--store', server.url];
    await writeFile(join(folder, 'queued.txt'), 'The sea is blue.');
    const queued = await attn('index', 'queued.txt', ...store, '--model', MODEL, '--no-work', '--json');
    expect(JSON.parse(queued.stdout)).toMatchObject({ added: 1, pending: 1, done: 0 });
    const worker = await attn('index', 'worker', ...store, '--until-done', '--json');
    expect([worker.code, JSON.parse(worker.stdout)]).toMatchObject([
      0,
      { documents: 1, done: 1, pending: 0 },
    ]);
    const { stdout } = await attn('search', 'sea', ...store, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ results: [{ passage: 'The sea is blue.' }] });
  });
}

test.each([
  [['index', 'notes'], 'is required: a folder, or postgres://…'],
  [['index', 'worker', '--store', 'store'], 'a worker needs a store that processes share'],
  [['index', 'nowhere', '--store', 'new', '--model', MODEL], 'there is no file or folder "nowhere"'],
  [['index', 'notes', '--store', 'new', '--format', 'pdf'], '--format must be'],
  [['index', 'notes', '--store', 'new', '--until-done'], '--until-done is for a worker'],
  [['index', 'notes', '--store', 'new'], 'there is no store in'],
  [['search', 'a', '--store', 'notes'], 'which has'],
  [['search', 'a', '--store', 'store', '--mode', 'best'], '--mode must be'],
  [['search', 'a', '--store', 'store', '--where', 'year'], '--where must be fields'],
])('refuses %j', async (args, sentence) => {
  const { code, stderr } = await attn(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
});
