/** Web servers for tests: files by path, with range requests. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

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

/** All files of a folder, and of the folders in it. */
export async function filesOf(folder: string): Promise<Files> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const nameOf = (path: string): string => relative(folder, path).replaceAll('\\', '/');
  return new Map(await Promise.all(paths.map(async (path) => [nameOf(path), await readFile(path)] as const)));
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

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
