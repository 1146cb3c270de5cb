// Files on servers of all kinds, at `file:` URLs, and picked by a user.
import { gzipSync } from 'node:zlib';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { loadModel, loadTokenizer, openModel, type ModelSource, type UrlMap } from '../node.ts';
import { blobStore } from './blob-store.ts';
import { kindOfSource } from './source.ts';
import { filesOf, sendFile, startServer, type Files, type TestServer } from './server.testing.ts';

const PAGE = '<!doctype html>\n<html><body><div id="root"></div></body></html>';
const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n';

let files: Files;
const servers: TestServer[] = [];
beforeAll(async () => {
  files = await filesOf(goldenFolder('longformer_short'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

type Answer = (
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | void | Promise<boolean | void>;

/** Serves the model. `answer` returns true for what it has answered otherwise. */
async function serve(answer: Answer): Promise<TestServer> {
  const server = await startServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const name = pathname.split('/').pop() ?? '';
    if ((await answer(name, request, response)) !== true) sendFile(request, response, files.get(name));
  });
  servers.push(server);
  return server;
}

const send = (response: ServerResponse, content: string | Uint8Array, headers = {}, status = 200): true => {
  response.writeHead(status, headers).end(content);
  return true;
};

const works = async (source: ModelSource): Promise<void> => {
  const model = await loadModel(source);
  expect(model.tokenizer).toBeUndefined();
  expect(model.weights?.files).toEqual(['model.safetensors']);
};

describe('a server', () => {
  test('that answers with its page where there is no file', async () => {
    const { url } = await serve((name, _, response) => !files.has(name) && send(response, PAGE));
    await works(url);
    await expect(loadTokenizer(url)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(loadModel(`${url}/x`).then(() => 'a model')).resolves.toBe('a model');
  });

  test.each(['config.json', 'model.safetensors'])('that answers with its page for %s', async (file) => {
    const { url } = await serve(
      (name, _, response) => (!files.has(name) || name === file) && send(response, PAGE),
    );
    await expect(loadModel(url)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining(`: ${url}/${file} is a web page, not the file`),
    });
  });

  test('that refuses files that are not there, as S3 does', async () => {
    const { url } = await serve(
      (name, _, response) => !files.has(name) && send(response, '<Error/>', {}, 403),
    );
    await works(url);
    const nothing = await serve((_name, _, response) => send(response, '<Error/>', {}, 403));
    await expect(loadModel(nothing.url)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining(`there is no public file ${nothing.url}/config.json (status 403)`),
    });
  });

  test('without ranges', async () => {
    const { url, requests } = await serve((name, _, response) => {
      const bytes = files.get(name);
      return bytes !== undefined && send(response, bytes);
    });
    await works(url);
    expect(requests.filter((request) => request.includes('model.safetensors'))).toHaveLength(1);
  });

  test('that compresses small files on the way', async () => {
    const { url } = await serve((name, _, response) => {
      const bytes = files.get(name);
      if (bytes === undefined || !name.endsWith('.json')) return false;
      return send(response, gzipSync(bytes), { 'Content-Encoding': 'gzip' });
    });
    await works(url);
  });

  test('whose URL is signed', async () => {
    const { url, requests } = await serve(
      (_name, request, response) =>
        !request.url?.includes('?sig=a%20b&n=1') && send(response, 'who are you', {}, 401),
    );
    await works(`${url}/m?sig=a%20b&n=1`);
    expect(requests[0]).toBe('GET /m/config.json?sig=a%20b&n=1');
    await expect(loadModel(`${url}/m`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('was refused with status 401'),
    });
  });

  test.each(['config.json', 'model.safetensors'])('whose %s was never fetched by Git LFS', async (file) => {
    const { url } = await serve((name, _, response) => name === file && send(response, POINTER));
    await expect(loadModel(url)).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringMatching(new RegExp(`${file}.* is a Git LFS pointer`)),
    });
  });
});

describe('file: URLs', () => {
  test('of a folder, and of files', async () => {
    const folder = pathToFileURL(goldenFolder('longformer_short'));
    await works(folder);
    await works(folder.href);
    const of = (name: string): URL => new URL(name, folder);
    await works({ 'config.json': of('config.json'), 'model.safetensors': of('model.safetensors') });
    const { url } = await serve(() => false);
    const mixed: UrlMap = {
      'config.json': `${url}/config.json`,
      'model.safetensors': of('model.safetensors'),
    };
    await works(mixed);
    await expect(openModel({ 'config.json': of('none.json') }).then(loadNothing)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    await expect(loadModel('file://elsewhere/x/')).rejects.toMatchObject({
      code: expect.stringMatching(/INVALID_ARGUMENT|FILE_NOT_FOUND/),
    });
    await expect(loadModel('file:///no/such/folder/')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining('there is no folder "/no/such/folder/"'),
    });
  });
  const loadNothing = async (store: { bytes(file: string, limit: number): Promise<unknown> }) => {
    expect(await store.bytes('config.json', 100)).toBeUndefined();
    return loadModel({ 'config.json': pathToFileURL('/no/such.json') });
  };
});

describe('files that a user has picked', () => {
  const fileAt = (path: string): File => {
    const name = path.split('/').pop() ?? '';
    const file = new File([Uint8Array.from(files.get(name) ?? [])], name);
    return Object.defineProperty(file, 'webkitRelativePath', { value: path.includes('/') ? path : '' });
  };

  test.each([
    [['config.json', 'model.safetensors']],
    [['my/config.json', 'my/model.safetensors']],
    [['all/old/readme.md', 'all/my/config.json', 'all/my/model.safetensors', 'all/my/more/config.json']],
  ])('%j', async (paths) => {
    await works(paths.map(fileAt));
    await works(new Set(paths.map(fileAt)));
  });

  test('a folder of sub-folders by its handle', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'attn-picked-'));
    try {
      await writeFile(join(folder, 'config.json'), '{}');
      const handle = {
        kind: 'directory' as const,
        name: 'picked',
        getDirectoryHandle: async (name: string) => {
          if (name !== '1_Pooling') throw new DOMException('none', 'NotFoundError');
          return handle;
        },
        getFileHandle: async (name: string) => {
          if (name === 'secret') throw new DOMException('you may not', 'NotAllowedError');
          if (!files.has(name)) throw new DOMException('none', 'NotFoundError');
          return { getFile: async () => fileAt(name) };
        },
      };
      await works(handle);
      const store = blobStore(handle);
      expect(await store.bytes('1_Pooling/config.json', 10_000)).toEqual(
        Uint8Array.from(files.get('config.json') ?? []),
      );
      expect(await store.has('2_Dense/config.json')).toBe(false);
      await expect(store.bytes('secret', 10)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('could not read secret of the folder picked: you may not'),
      });
      await expect(store.bytes('config.json', 10)).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('one that has changed on disk since', async () => {
    const file = fileAt('config.json');
    const gone = (): never => {
      throw new DOMException('it has changed', 'NotReadableError');
    };
    Object.defineProperty(file, 'slice', { value: gone });
    await expect(loadModel([file])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('could not read config.json: it has changed'),
    });
  });
});

test('what a text means on a page', () => {
  const meanings = {
    url: [
      '/models/x/',
      '/x',
      './x',
      '../x/',
      'x/',
      'org/name/',
      'https://x.org/m',
      'blob:null/1',
      'HTTP://x',
    ],
    id: ['org/name', 'name', 'allenai/longformer-base-4096', 'a/b.c_d-e'],
  };
  for (const [kind, texts] of Object.entries(meanings)) {
    for (const text of texts) expect([text, kindOfSource(text)]).toEqual([text, kind]);
  }
  for (const text of ['', 'a b', 'a/b/c', '..', 'org//name'])
    expect(() => kindOfSource(text)).toThrow(/the source must be a model's id/);
});
