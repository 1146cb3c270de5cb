// Range requests against servers that behave, that do not, and that lie.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpSource, openSafetensors, serializeSafetensors } from './index.ts';

const file = serializeSafetensors({
  a: { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) },
  b: { dtype: 'u8', shape: [3], data: Uint8Array.of(1, 2, 3) },
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`;
}

function rangeIn(request: IncomingMessage): [from: number, to: number] {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  return [Number(from), Number(to)];
}

/** What an honest server answers; `change` may spoil it. */
const honest =
  (change: (headers: Record<string, string>, body: Uint8Array) => Uint8Array = (_, body) => body): Handler =>
  (request, response) => {
    const [from, to] = rangeIn(request);
    const end = Math.min(to + 1, file.length);
    const headers = { 'Content-Range': `bytes ${from}-${end - 1}/${file.length}`, ETag: '"1"' };
    const body = change(headers, file.slice(from, end));
    response.writeHead(206, headers).end(body);
  };

test('a file is read tensor by tensor', async () => {
  const ranges: string[] = [];
  const url = await serve((request, response) => {
    ranges.push(request.headers.range ?? '');
    honest()(request, response);
  });
  const opened = await openSafetensors(await httpSource(url));
  expect(await opened.tensor('b')).toMatchObject({ dtype: 'u8', data: Uint8Array.of(1, 2, 3) });
  const start = file.length - 11;
  expect(ranges).toEqual([
    'bytes=0-0',
    'bytes=0-7',
    `bytes=0-${start - 1}`,
    `bytes=${start + 8}-${start + 10}`,
  ]);
});

test('a busy server and a broken connection are asked again', async () => {
  let count = 0;
  const url = await serve((request, response) => {
    count += 1;
    if (count % 3 === 1) response.writeHead(503).end();
    else if (count % 3 === 2) response.destroy();
    else honest()(request, response);
  });
  const source = await httpSource(url);
  expect(await source.read(0, 8)).toEqual(file.slice(0, 8));
  expect(count).toBe(6);
});

describe('what is refused', () => {
  test.each<[string, Handler, object]>([
    ['404', (_, response) => response.writeHead(404).end(), { code: 'FILE_NOT_FOUND' }],
    [
      '403',
      (_, response) => response.writeHead(403).end(),
      { code: 'INVALID_ARGUMENT', message: expect.stringContaining('status 403') },
    ],
    ['a server without ranges', (_, response) => response.writeHead(200).end(file), { code: 'UNSUPPORTED' }],
    ['no Content-Range', (_, response) => response.writeHead(206).end('x'), { code: 'MALFORMED_FILE' }],
    [
      'another range',
      honest((headers, body) => ((headers['Content-Range'] = 'bytes 5-5/99'), body)),
      { code: 'MALFORMED_FILE', message: expect.stringContaining('got "bytes 5-5/99"') },
    ],
    [
      'an unknown size',
      honest((headers, body) => ((headers['Content-Range'] = 'bytes 0-0/*'), body)),
      { code: 'MALFORMED_FILE' },
    ],
    [
      'a size of 2^60: nothing is allocated for it',
      honest(
        (headers, body) => (
          (headers['Content-Range'] = headers['Content-Range'].replace(/\d+$/, `${2 ** 60}`)),
          body
        ),
      ),
      { code: 'MALFORMED_FILE' },
    ],
    [
      'more bytes than announced',
      honest((_, body) => (body.length > 1 ? new Uint8Array(body.length + 1) : body)),
      { code: 'MALFORMED_FILE' },
    ],
    [
      'fewer bytes',
      honest((_, body) => (body.length > 1 ? body.slice(1) : body)),
      { code: 'TIMEOUT', message: expect.stringContaining('ended after 7 of 8 bytes') },
    ],
  ])('%s', async (_title, handler, error) => {
    const url = await serve(handler);
    const opening = httpSource(url, { attempts: 1 }).then((source) => openSafetensors(source));
    await expect(opening).rejects.toMatchObject(error);
  });

  test('a file that changes', async () => {
    let etag = 0;
    const url = await serve(honest((headers, body) => ((headers.ETag = `"${etag++}"`), body)));
    await expect(httpSource(url).then((source) => source.read(0, 8))).rejects.toThrow(
      'has changed while it was read',
    );
  });

  test('no server', async () => {
    const url = await serve(honest());
    for (const server of servers.splice(0)) server.close();
    await expect(httpSource(url, { attempts: 2 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('after 2 attempts'),
    });
  });

  test('an abort, also while waiting to try again', async () => {
    const url = await serve((_, response) => response.writeHead(503).end());
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await expect(httpSource(url, { attempts: 30, signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
