// `attn serve` as users run it: it serves, drains when it is told to end, and says what is wrong.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { attnIn, MAIN } from '../cli.testing.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../../../packages/models/goldens/${name}`, import.meta.url));
const ENCODER = golden('tasks/st-mean');
const SCORER = golden('classic/sentence/cross_sigmoid');

const children: ChildProcess[] = [];
afterEach(() => void children.splice(0).forEach((child) => child.kill('SIGKILL')));

async function start(model: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, 'serve', '--model', model, '--port', '0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ATTN_API_KEY: '', ATTN_DEBUG: '' },
  });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url, name } = JSON.parse(line) as { url: string; name: string };
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const ask = (path: string, body: object, headers: object = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return { child, name, exit, ask, url: `${url}/health` };
}

test('what has arrived when SIGTERM comes is answered, and the exit code is 0', async () => {
  const { child, name, exit, ask, url } = await start(ENCODER, '--backend', 'cpu');
  expect(name).toBe(ENCODER);
  expect((await ask('/v1/embeddings', { model: ENCODER, input: 'a' })).status).toBe(200);
  const many = Array.from({ length: 300 }, (_, i) => `the whale number ${i} `.repeat(8));
  const large = ask('/v1/embeddings', { input: many });
  await vi.waitFor(async () => expect((await (await fetch(url)).json()).waiting).toBeGreaterThan(0), {
    interval: 2,
    timeout: 10_000,
  });
  child.kill('SIGTERM');
  const response = await large;
  const { data } = (await response.json()) as { data: { embedding: number[] }[] };
  expect(data.map(({ embedding }) => embedding.length)).toEqual(Array<number>(300).fill(32));
  expect(await exit).toBe(0);
});

test('a cross-encoder behind a key', async () => {
  const { child, exit, ask } = await start(
    SCORER,
    '--api-key',
    'one,two',
    '--name',
    'cross',
    '--backend',
    'cpu',
  );
  const body = { model: 'cross', query: 'what is attention', documents: ['Search!', 'the window'] };
  expect((await ask('/v1/rerank', body)).status).toBe(401);
  const answer = await ask('/v1/rerank', body, { authorization: 'Bearer two' });
  expect(await answer.json()).toMatchObject({ model: 'cross', results: [{ index: expect.any(Number) }, {}] });
  child.kill('SIGTERM');
  expect(await exit).toBe(0);
});

test.each([
  [[], '--model is required'],
  [['--model', ENCODER, '--port', '70000'], '--port must be an integer from 0 to 65535, got "70000"'],
  [['--model', ENCODER, '--api-key', 'a,,b'], '--api-key must be keys with commas between them'],
  [['--model', ENCODER, '--split-long', '--refuse-long'], '--split-long contradicts --refuse-long'],
  [['--model', ENCODER, '--dtype', 'q5'], '--dtype must be f32, q8, q4, got "q5"'],
  [['--model', ENCODER, '--max-queue', '5'], 'maxQueue must be more than maxInputs'],
  [
    ['--model', golden('classic/sentence/splade_max')],
    'encode needs a model that gives the states of tokens',
  ],
])('%j is refused', async (args, message) => {
  const { code, stderr } = await attnIn('.', ['serve', ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(message.startsWith('encode') ? 1 : 2);
});
