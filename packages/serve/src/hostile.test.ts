// Broken and hostile clients, each by raw bytes: all are refused in words, and the server goes on.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createServer, type ModelServer } from './index.ts';
import { encoder, post, useModels } from './serving.testing.ts';

useModels();

let server: ModelServer;
let url = '';
beforeAll(async () => {
  server = createServer(encoder, { answerTimeout: 400 });
  url = await server.listen({ port: 0 });
});
afterAll(() => server.close());
afterEach(async () => expect((await post(`${url}/v1/embeddings`, { input: 'a' })).status).toBe(200));

interface Raw {
  readonly socket: Socket;
  /** All that the server sends until it closes. */
  readonly answer: Promise<string>;
}

function open(at = url): Raw {
  const { hostname, port } = new URL(at);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => void (text += String(chunk)));
  socket.on('error', () => {});
  return { socket, answer: once(socket, 'close').then(() => text) };
}

const HEAD = 'POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

function expectRefusal(answer: string, status: number, words: string): void {
  const [head, body] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  const { error } = JSON.parse(body) as { error: { message: string; type: string } };
  expect(error).toMatchObject({ message: expect.stringContaining(words), type: expect.any(String) });
}

test.each([
  ['with its length', `Content-Length: ${100 * 2 ** 20}\r\n\r\n`, ''],
  ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n', '100000\r\n'],
])('a body of 100 MB %s', async (_, headers, before) => {
  const { socket, answer } = open();
  socket.write(HEAD + headers);
  const piece = Buffer.alloc(2 ** 20, 'a');
  for (let i = 0; i < 100 && !socket.destroyed; i++) {
    if (before !== '') socket.write(before);
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), answer]);
    if (before !== '') socket.write('\r\n');
  }
  if (before !== '') socket.write('0\r\n\r\n');
  expectRefusal(await answer, 413, 'too large');
});

test.each([
  ['bad JSON', '{"input": "a"', 'JSON'],
  ['no JSON', 'whale', 'JSON'],
  ['JSON of a million brackets', '['.repeat(1_000_000), ''],
  ['a prototype', '{"__proto__": {"a": 1}, "input": "a"}', 'JSON'],
  ['a number', '5', 'got 5'],
  ['null', 'null', 'got null'],
])('%s', async (_, body, words) => {
  const { status, body: answer } = await post(`${url}/v1/embeddings`, body);
  expect(status).toBe(400);
  expect(answer.error.message).toContain(words);
});

test('another type of body, or none', async () => {
  const form = await post(`${url}/v1/embeddings`, 'input=a', {
    'content-type': 'application/x-www-form-urlencoded',
  });
  expect([form.status, form.body.error.message]).toEqual([415, expect.stringContaining('application/json')]);
  const empty = await fetch(`${url}/v1/embeddings`, { method: 'POST' });
  expect(empty.status).toBe(400);
});

test('a bomb of headers', async () => {
  const { socket, answer } = open();
  socket.write(`${HEAD}X-Bomb: ${'a'.repeat(100_000)}\r\n\r\n`);
  expectRefusal(await answer, 431, 'headers');
});

test('no HTTP', async () => {
  const { socket, answer } = open();
  socket.write('\u0016\u0003\u0001 whale\r\n\r\n');
  expectRefusal(await answer, 400, 'no HTTP');
});

test('a client that sends its headers, or its body, by and by', async () => {
  const impatient = createServer(encoder, { requestTimeout: 600 });
  const address = await impatient.listen({ port: 0 });
  const [slowHead, slowBody] = [open(address), open(address)];
  slowHead.socket.write('POST /v1/embeddings HTTP/1.1\r\nHost: a\r\n');
  slowBody.socket.write(`${HEAD}Content-Length: 15\r\n\r\n{"in`);
  const answers = await Promise.all([slowHead.answer, slowBody.answer]);
  for (const answer of answers) expectRefusal(answer, 408, 'did not arrive within 600 ms');
  await impatient.close();
});

test('a client that goes in the middle of its body', async () => {
  const { socket, answer } = open();
  socket.write(`${HEAD}Content-Length: 15\r\n\r\n{"in`);
  await sleep(20);
  socket.destroy();
  await answer;
});

test('a client that never reads its answer is given up', async () => {
  const accepted = once(server.app.server, 'connection');
  const { socket, answer } = open();
  const [theirs] = (await accepted) as [Socket];
  socket.pause();
  // Its documents come back: megabytes, more than the system keeps for a client.
  const body = JSON.stringify({ query: 'a', documents: ['b'.repeat(4e6)], return_documents: true });
  const head = HEAD.replace('/v1/embeddings', '/v1/rerank');
  for (let i = 0; i < 3; i++)
    socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  if (!theirs.closed) await once(theirs, 'close');
  socket.destroy();
  await answer;
}, 30_000);

test('a server that closes does not wait for ever for a request that never arrives', async () => {
  const other = createServer(encoder, { requestTimeout: 200 });
  const { hostname, port } = new URL(await other.listen({ port: 0 }));
  const accepted = once(other.app.server, 'connection');
  const socket = connect(Number(port), hostname).resume();
  socket.on('error', () => {});
  socket.write(`${HEAD}Content-Length: 15\r\n\r\n{"in`);
  await accepted;
  await other.close();
  if (!socket.closed) await once(socket, 'close');
});
