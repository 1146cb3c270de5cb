/**
 * Web servers for tests: files by path, with range requests, and the
 * endpoints of the hub that a download uses.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A server that is running. */
export interface TestServer {
  readonly url: string;
  /** Every request: `GET /config.json bytes=0-0`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** All files of a folder. */
export async function filesOf(folder: string): Promise<Files> {
  const names = await readdir(folder);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

/** Starts a server. */
export async function startServer(handler: Handler): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    // For pages, which come from another origin.
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'Content-Range, ETag');
    requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '));
    void Promise.resolve(handler(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { url, requests, close };
}

/** Answers with a file, or with the range that was requested. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array | undefined,
): void {
  if (bytes === undefined) {
    response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
    return;
  }
  const headers = { ETag: `"${hashOf(bytes)}"` };
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined) {
    response.writeHead(200, headers).end(bytes);
    return;
  }
  const end = Math.min(Number(to) + 1, bytes.length);
  const range = `bytes ${from}-${end - 1}/${bytes.length}`;
  response.writeHead(206, { ...headers, 'Content-Range': range }).end(bytes.subarray(Number(from), end));
}

/** Starts a server with files at its root. */
export function serveFiles(files: Files): Promise<TestServer> {
  return startServer((request, response) =>
    sendFile(request, response, files.get((request.url ?? '').slice(1))),
  );
}

/** The commit of the model on the test hub. */
export const COMMIT = 'c0ffee'.padEnd(40, '0');

/** Starts a hub of one model; `send` may answer differently for a file. */
export function serveHub(
  id: string,
  files: Files,
  send: (
    request: IncomingMessage,
    response: ServerResponse,
    bytes: Uint8Array | undefined,
  ) => void = sendFile,
): Promise<TestServer> {
  return startServer(async (request, response) => {
    const path = new URL(request.url ?? '', 'http://hub').pathname;
    const json = (value: unknown): void => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    };
    if (path.startsWith(`/api/models/${id}/revision/`)) {
      const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
      return json({ _id: '1', id, sha: COMMIT, siblings, lastModified: '2026-01-01' });
    }
    if (path === `/api/models/${id}/paths-info/${COMMIT}`) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { paths } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly paths: readonly string[] };
      return json(paths.map((file) => describe(file, files.get(file) ?? new Uint8Array(0))));
    }
    const prefix = `/${id}/resolve/${COMMIT}/`;
    if (path.startsWith(prefix)) return send(request, response, files.get(path.slice(prefix.length)));
    response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"error":"Repository not found"}');
  });
}

/** The hub's description of a file: the hash is SHA-256 for large files, git's SHA-1 for small ones. */
function describe(path: string, bytes: Uint8Array): object {
  const common = { type: 'file', path, size: bytes.length };
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  if (!path.endsWith('.safetensors')) return { ...common, oid };
  return { ...common, oid, lfs: { oid: hashOf(bytes), size: bytes.length, pointerSize: 1 } };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
