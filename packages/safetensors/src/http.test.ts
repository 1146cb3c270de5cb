// Range requests against servers that behave, that do not, and that lie.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpBytes, httpSource, openSafetensors, serializeSafetensors } from './index.ts';

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
    'bytes=0-63',
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

describe('servers of all kinds', () => {
  const large = serializeSafetensors({
    big: { dtype: 'u8', shape: [17 * 2 ** 20], data: new Uint8Array(17 * 2 ** 20).fill(7) },
    a: { dtype: 'u8', shape: [3], data: Uint8Array.of(1, 2, 3) },
  });

  test.each([
    ['small', file, []],
    ['large', large, [expect.stringMatching(/was fetched as a whole, 178\d+ bytes, as its server does not/)]],
  ])('one without ranges sends a %s file once', async (_size, bytes, expected) => {
    const ranges: unknown[] = [];
    const url = await serve((request, response) => {
      ranges.push(request.headers.range);
      if (ranges.length === 1) {
        response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 100));
        setTimeout(() => response.destroy(), 20);
      } else response.writeHead(200).end(bytes);
    });
    const warnings: string[] = [];
    const source = await httpSource(url, { onWarning: (message) => warnings.push(message) });
    const opened = await openSafetensors(source);
    for (let i = 0; i < 2; i++) expect((await opened.tensor('a')).data.length).toBeGreaterThan(1);
    expect(source.size).toBe(bytes.length);
    // The first answer breaks, and the file is asked for again.
    expect(ranges).toEqual(['bytes=0-0', undefined]);
    expect(warnings).toEqual(expected);
  });

  test.each([
    ['their length', { 'Content-Length': String(file.length) }, 'bytes=0-63'],
    ['no length', { 'Transfer-Encoding': 'chunked' }, undefined],
    ['the length of gzip', { 'Content-Length': '999', 'Content-Encoding': 'gzip' }, undefined],
  ])('one that hides Content-Range from a page, and tells %s', async (_title, headers, third) => {
    const ranges: (string | undefined)[] = [];
    const hidden = async (_url: string, init: RequestInit): Promise<Response> => {
      const range = new Headers(init.headers).get('Range') ?? undefined;
      ranges.push(range);
      const [, from, to] = (/^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []).map(Number);
      if (range !== undefined) return new Response(file.slice(from, to + 1), { status: 206 });
      return new Response(file.slice(), { headers });
    };
    const opened = await openSafetensors(await httpSource('https://x.org/f', { fetch: hidden }));
    expect(await opened.tensor('b')).toMatchObject({ data: Uint8Array.of(1, 2, 3) });
    expect(ranges.slice(0, 3)).toEqual(third ? ['bytes=0-0', undefined, third] : ['bytes=0-0', undefined]);
  });

  test('several that hold copies with other ETags', async () => {
    let count = 0;
    const url = await serve(honest((headers, body) => ((headers.ETag = `"${(count += 1) % 3}"`), body)));
    const source = await httpSource(url);
    for (let i = 0; i < 4; i++) expect(await source.read(i, 8)).toEqual(file.slice(i, i + 8));
    expect(count).toBe(13);
  });

  test('several that hold copies of one date', async () => {
    let count = 0;
    const date = 'Sat, 28 Nov 2026 10:00:00 GMT';
    const url = await serve(
      honest((headers, body) => {
        headers.ETag = `"${(count += 1)}"`;
        headers['Last-Modified'] = date;
        return body;
      }),
    );
    const source = await httpSource(url);
    expect(await source.read(0, 8)).toEqual(file.slice(0, 8));
    expect(count).toBe(2);
  });
});

describe('what is refused', () => {
  test.each<[string, Handler, object]>([
    ...[403, 404, 410].map((status): [string, Handler, object] => [
      String(status),
      (_, response) => response.writeHead(status).end(),
      { code: 'FILE_NOT_FOUND', message: expect.stringContaining(`(status ${status})`) },
    ]),
    [
      '401',
      (_, response) => response.writeHead(401).end(),
      { code: 'INVALID_ARGUMENT', message: expect.stringContaining('status 401') },
    ],
    [
      '206 where no range was asked for',
      (_, response) => response.writeHead(206).end('x'),
      { code: 'INVALID_ARGUMENT' },
    ],
    ...[
      [
        'a Git LFS pointer',
        `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9\n`,
      ],
      ['a web page', '\ufeff\n<!DOCTYPE html><html><body>Sign in</body></html>'],
      ['compressed with gzip', '\u001f\u008b\u0008 and more'],
    ].map(([what, text]): [string, Handler, object] => [
      what,
      (_, response) =>
        response.writeHead(200).end(what.includes('gzip') ? Buffer.from(text, 'latin1') : text),
      { code: 'MALFORMED_FILE', message: expect.stringContaining(`it is ${what}`) },
    ]),
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
      { code: 'TIMEOUT', message: expect.stringContaining('ended after 63 of 64 bytes') },
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
      'has changed while it was read: its ETag was "0", and is "8"',
    );
  });

  test('a file that becomes another of the same time but another length', async () => {
    let size = file.length;
    const url = await serve(
      honest((headers, body) => {
        headers['Last-Modified'] = 'Sat, 28 Nov 2026 10:00:00 GMT';
        headers['Content-Range'] = headers['Content-Range'].replace(/\d+$/, `${size++}`);
        return body;
      }),
    );
    await expect(httpSource(url).then((source) => source.read(0, 8))).rejects.toThrow('has changed');
  });

  test('a small file that is too long', async () => {
    const url = await serve((_, response) => response.writeHead(200).end(file));
    expect(await httpBytes(url, file.length)).toEqual(file);
    await expect(httpBytes(url, file.length - 1)).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining(`expected at most ${file.length - 1} bytes`),
    });
  });

  test('no server', async () => {
    const url = await serve(honest());
    for (const server of servers.splice(0)) server.close();
    await expect(httpSource(url, { attempts: 2 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/after 2 attempts: fetch failed: .*ECONNREFUSED/),
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
